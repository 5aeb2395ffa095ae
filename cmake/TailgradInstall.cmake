# What `cmake --install` and CPack put where:
#
#   lib     libtailgrad.so.0, libtailgrad_f64.so.0; in glibc-hwcaps/LEVEL the same for TAILGRAD_CPU_LEVELS
#   dev     headers, static libraries, find_package(tailgrad CONFIG), pkg-config
#   tools   the program tailgrad
#
# find_package(tailgrad CONFIG) offers tailgrad::tailgrad and tailgrad::tailgrad_f64 (shared), and
# tailgrad::tailgrad_static and tailgrad::tailgrad_f64_static.

include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
include(TailgradCpuLevel)

# tailgrad_shared(name library target...): the shared library of the objects of targets; outside only what is in
# namespace tailgrad can be seen. It calls its own functions even where the program has an inline copy of one: that
# copy may be compiled for another processor.
function(tailgrad_shared name library)
  list(TRANSFORM ARGN REPLACE "(.+)" "$<TARGET_OBJECTS:\\1>" OUTPUT_VARIABLE parts)
  add_library(${name} SHARED ${parts})
  set_target_properties(${name} PROPERTIES
    OUTPUT_NAME ${library} EXPORT_NAME ${library} LINKER_LANGUAGE CXX
    VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}
    LINK_DEPENDS ${PROJECT_SOURCE_DIR}/cmake/exports.map)
  target_link_options(${name} PRIVATE
    -Wl,--version-script=${PROJECT_SOURCE_DIR}/cmake/exports.map -Wl,--no-undefined -Wl,-Bsymbolic-functions)
  if(TAILGRAD_SANITIZE)
    target_link_options(${name} PRIVATE -fsanitize=${TAILGRAD_SANITIZE})
  endif()
  target_compile_features(${name} PUBLIC cxx_std_20)
  target_include_directories(${name} PUBLIC $<BUILD_INTERFACE:${TAILGRAD_INCLUDE_DIR}>)
endfunction()

set(libraries_of_tailgrad
    PkgConfig::OPENBLAS PkgConfig::UTF8PROC PkgConfig::MINIZIP TBB::tbb ZLIB::ZLIB fmt::fmt Threads::Threads)
tailgrad_shared(tailgrad_shared tailgrad tailgrad tailgrad_brief)
target_link_libraries(tailgrad_shared PRIVATE ${libraries_of_tailgrad})
tailgrad_shared(tailgrad_f64_shared tailgrad_f64 tailgrad_f64)
target_link_libraries(tailgrad_f64_shared PUBLIC tailgrad_shared
                      PRIVATE PkgConfig::OPENBLAS fmt::fmt)
target_compile_definitions(tailgrad_f64_shared PUBLIC TAILGRAD_F64)
foreach(level ${TAILGRAD_CPU_LEVELS})
  tailgrad_at_level(${level})
endforeach()

foreach(library tailgrad tailgrad_f64)
  set_target_properties(${library} PROPERTIES EXPORT_NAME ${library}_static)
  install(TARGETS ${library}_shared EXPORT tailgrad
          LIBRARY COMPONENT lib NAMELINK_COMPONENT dev
          INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  install(TARGETS ${library} EXPORT tailgrad ARCHIVE COMPONENT dev
          INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
endforeach()
if(TARGET tailgrad_cli)
  install(TARGETS tailgrad_cli RUNTIME COMPONENT tools)
endif()

set(public_layers ${layers})
list(REMOVE_ITEM public_layers cli)
foreach(layer ${public_layers})
  install(DIRECTORY ${layer} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/tailgrad COMPONENT dev
          FILES_MATCHING PATTERN "*.h")
endforeach()
install(FILES tailgrad.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/tailgrad COMPONENT dev)

set(config_folder ${CMAKE_INSTALL_LIBDIR}/cmake/tailgrad)
install(EXPORT tailgrad NAMESPACE tailgrad:: DESTINATION ${config_folder} COMPONENT dev
        FILE tailgrad-targets.cmake)
configure_package_config_file(cmake/tailgrad-config.cmake.in tailgrad-config.cmake
                              INSTALL_DESTINATION ${config_folder})
write_basic_package_version_file(tailgrad-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/tailgrad-config.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/tailgrad-config-version.cmake
        DESTINATION ${config_folder} COMPONENT dev)

# The way from the folder of the .pc files to the prefix: an installed tree may be moved.
string(REGEX REPLACE "[^/]+" ".." pc_to_prefix ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
foreach(library tailgrad tailgrad_f64)
  configure_file(cmake/${library}.pc.in ${library}.pc @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${library}.pc
          DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT dev)
endforeach()

foreach(package lib=libtailgrad${PROJECT_VERSION_MAJOR} dev=libtailgrad-dev tools=tailgrad)
  string(REGEX MATCH "^(.*)=(.*)$" package ${package})
  install(FILES LICENSE RENAME copyright
          DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${CMAKE_MATCH_2} COMPONENT ${CMAKE_MATCH_1})
endforeach()

# cmake --preset package, cmake --build --preset package, cd build/package && cpack: three Debian packages.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_CONTACT "the tailgrad authors")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "${PROJECT_DESCRIPTION}")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_COMPONENTS_ALL lib dev tools)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${CMAKE_BINARY_DIR})
set(CPACK_DEBIAN_LIB_PACKAGE_NAME libtailgrad${PROJECT_VERSION_MAJOR})
set(CPACK_DEBIAN_LIB_PACKAGE_SECTION libs)
# What packages of programs linked with these shall depend on. CPack's own list has a line for every level.
set(exactly "libtailgrad${PROJECT_VERSION_MAJOR} (= ${PROJECT_VERSION})")
file(CONFIGURE OUTPUT shlibs CONTENT
     "libtailgrad ${PROJECT_VERSION_MAJOR} ${exactly}\nlibtailgrad_f64 ${PROJECT_VERSION_MAJOR} ${exactly}\n")
set(CPACK_DEBIAN_LIB_PACKAGE_CONTROL_EXTRA ${CMAKE_CURRENT_BINARY_DIR}/shlibs)
set(CPACK_DEBIAN_DEV_PACKAGE_NAME libtailgrad-dev)
set(CPACK_DEBIAN_DEV_PACKAGE_SECTION libdevel)
set(CPACK_DEBIAN_DEV_PACKAGE_SHLIBDEPS OFF)
set(CPACK_DEBIAN_DEV_PACKAGE_DEPENDS
    "libopenblas-pthread-dev, libtbb-dev, zlib1g-dev, libminizip-dev, libfmt-dev, libutf8proc-dev, nlohmann-json3-dev, pkg-config")
set(CPACK_DEBIAN_TOOLS_PACKAGE_NAME tailgrad)
set(CPACK_DEBIAN_TOOLS_PACKAGE_SECTION science)
set(CPACK_COMPONENT_LIB_DESCRIPTION "Shared libraries of tailgrad.")
set(CPACK_COMPONENT_DEV_DESCRIPTION "Headers and static libraries of tailgrad.")
set(CPACK_COMPONENT_DEV_DEPENDS lib)
if(TAILGRAD_CPU_LEVELS)
  set(CPACK_COMPONENT_TOOLS_DEPENDS lib)
endif()
set(CPACK_COMPONENT_TOOLS_DESCRIPTION "The program tailgrad: train, compare, evaluate.")
include(CPack)
