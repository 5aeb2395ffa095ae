# An overlay port that builds the tree it lies in:
#   vcpkg install tailgrad --overlay-ports=packaging/vcpkg
get_filename_component(source "${CMAKE_CURRENT_LIST_DIR}/../.." ABSOLUTE)
vcpkg_cmake_configure(SOURCE_PATH "${source}" OPTIONS
  -DTAILGRAD_BUILD_TESTS=OFF -DTAILGRAD_BUILD_EXAMPLES=OFF -DTAILGRAD_BUILD_BENCHMARKS=OFF)
vcpkg_cmake_install()
vcpkg_cmake_config_fixup(CONFIG_PATH lib/cmake/tailgrad)
vcpkg_fixup_pkgconfig()
vcpkg_copy_tools(TOOL_NAMES tailgrad AUTO_CLEAN)
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug/include")
vcpkg_install_copyright(FILE_LIST "${source}/LICENSE")
