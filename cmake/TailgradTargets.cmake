# The two libraries and the helpers with which each folder adds its files to them.
#
#   tailgrad      everything, Real = float, and the parts that know no Real
#   tailgrad_f64  the same numeric sources, Real = double; links tailgrad for the rest
#
# Both live in one program: all that depends on Real sits in the inline namespace f32 or f64.

find_package(Threads REQUIRED)
find_package(TBB REQUIRED)
find_package(ZLIB REQUIRED)
find_package(Boost 1.74 REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(OPENBLAS REQUIRED IMPORTED_TARGET openblas)
pkg_check_modules(UTF8PROC REQUIRED IMPORTED_TARGET libutf8proc)
pkg_check_modules(MINIZIP REQUIRED IMPORTED_TARGET minizip)
find_path(TAILGRAD_RANDOM123 Random123/philox.h REQUIRED)

# Headers are included as <tailgrad/core/tensor.h>: in the build tree through a symbolic link.
set(TAILGRAD_INCLUDE_DIR ${CMAKE_BINARY_DIR}/include)
file(MAKE_DIRECTORY ${TAILGRAD_INCLUDE_DIR})
file(CREATE_LINK ${PROJECT_SOURCE_DIR} ${TAILGRAD_INCLUDE_DIR}/tailgrad SYMBOLIC)

# Flags for every file of the project. Never -ffast-math or -Ofast: they change the float mode of
# the whole process that loads the library.
add_library(tailgrad_flags INTERFACE)
target_compile_options(tailgrad_flags INTERFACE
  -fPIC  # of programs too: they share the libraries' precompiled headers
  -Wall -Wextra -Wshadow -Wconversion
  # Several files compiled as one fit into 1 GiB (KiB here): before that, to collect garbage is lost time.
  $<$<CXX_COMPILER_ID:GNU>:--param=ggc-min-heapsize=1048576>
  # GCC 12 sees overlapping and overlong copies in std::string where there are none (its bug 105651).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread>
  # Vector types never cross the library's border, so their calling convention is our own affair.
  $<$<CXX_COMPILER_ID:GNU>:-Wno-psabi>
  $<$<BOOL:${TAILGRAD_WARNINGS_AS_ERRORS}>:-Werror>
  $<$<CONFIG:Release>:-fno-math-errno -fno-trapping-math>
  $<$<BOOL:${TAILGRAD_ARCH}>:-march=${TAILGRAD_ARCH}>)
# What Boost, utf8proc and oneTBB ask of their users: the same for every file, or no precompiled header fits two
# targets.
target_compile_definitions(tailgrad_flags INTERFACE
  BOOST_ALL_NO_LIB UTF8PROC_EXPORTS $<$<CONFIG:Debug>:TBB_USE_DEBUG>)
# There are fifty programs, and gold (in binutils, as the compiler's own linker) links each in half of the time.
find_program(TAILGRAD_GOLD ld.gold)
target_link_options(tailgrad_flags INTERFACE
  $<$<AND:$<BOOL:${TAILGRAD_GOLD}>,$<CXX_COMPILER_ID:GNU>,$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>>:-fuse-ld=gold>)
if(TAILGRAD_SANITIZE)
  # Left out: what the address sanitizer or the processor itself reports; a quarter of the build.
  target_compile_options(tailgrad_flags INTERFACE
    -fsanitize=${TAILGRAD_SANITIZE} -fno-sanitize=null,object-size,vptr,alignment
    -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(tailgrad_flags INTERFACE -fsanitize=${TAILGRAD_SANITIZE})
endif()
if(TAILGRAD_FUZZERS)
  target_compile_options(tailgrad_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()

add_library(tailgrad_brief OBJECT)  # the part of tailgrad that spends no time worth saving
add_library(tailgrad STATIC $<TARGET_OBJECTS:tailgrad_brief>)
add_library(tailgrad_f64 STATIC)
add_library(tailgrad::tailgrad ALIAS tailgrad)
add_library(tailgrad::tailgrad_f64 ALIAS tailgrad_f64)
foreach(library tailgrad tailgrad_brief tailgrad_f64)
  target_include_directories(${library} PUBLIC $<BUILD_INTERFACE:${TAILGRAD_INCLUDE_DIR}>)
  target_compile_features(${library} PUBLIC cxx_std_20)
  target_link_libraries(${library} PRIVATE $<BUILD_INTERFACE:tailgrad_flags>)
endforeach()
foreach(library tailgrad tailgrad_brief)
  target_link_libraries(${library} PRIVATE
    PkgConfig::OPENBLAS PkgConfig::UTF8PROC $<LINK_ONLY:PkgConfig::MINIZIP> TBB::tbb ZLIB::ZLIB fmt::fmt
    nlohmann_json::nlohmann_json Threads::Threads $<BUILD_INTERFACE:Boost::headers>)
  target_include_directories(${library} SYSTEM PRIVATE $<BUILD_INTERFACE:${TAILGRAD_RANDOM123}>)
endforeach()
target_link_libraries(tailgrad_f64 PUBLIC tailgrad PRIVATE PkgConfig::OPENBLAS fmt::fmt)
target_compile_definitions(tailgrad_f64 PUBLIC TAILGRAD_F64)

target_compile_options(tailgrad_brief PRIVATE $<$<CONFIG:Release>:-O1>)
set_target_properties(tailgrad_brief PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 24)
set_target_properties(tailgrad PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
set_target_properties(tailgrad_f64 PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)

# The double library is for checks: -O1 compiles it in three quarters of the time of -O2.
target_compile_options(tailgrad_f64 PRIVATE $<$<CONFIG:Release>:-O1>)

# What most files include, read once. TAILGRAD_F64 does not occur in it, so both libraries share it.
# Without JSON: to load it costs every file more than it saves the few that use it.
if(TAILGRAD_PRECOMPILED_HEADERS)
  file(WRITE ${CMAKE_BINARY_DIR}/tailgrad_headers.cpp "")
  add_library(tailgrad_headers OBJECT ${CMAKE_BINARY_DIR}/tailgrad_headers.cpp)
  target_link_libraries(tailgrad_headers PRIVATE tailgrad_flags fmt::fmt)
  target_precompile_headers(tailgrad_headers PRIVATE
    <algorithm> <cmath> <cstddef> <cstdint> <functional> <memory> <optional> <span> <string>
    <string_view> <utility> <vector> <fmt/format.h>)
  foreach(library tailgrad tailgrad_brief tailgrad_f64)
    target_precompile_headers(${library} REUSE_FROM tailgrad_headers)
  endforeach()
endif()

# tailgrad_sources([BRIEF] [TOGETHER name] PLAIN a.cpp ... REAL b.cpp ...): PLAIN files know no Real and are built
# once, REAL files for both precisions. BRIEF files spend no time worth saving when they run (once, or only to
# call what does): -O1 halves the time it takes to compile them. All but the fast code of tailgrad, and of
# that what is told to be TOGETHER, is compiled several files at a time, which spend most of that time in the same
# headers and templates: so the names in them must differ, local ones too: within a folder, of BRIEF files everywhere.
function(tailgrad_sources)
  cmake_parse_arguments(arg "BRIEF" "TOGETHER" "PLAIN;REAL" ${ARGN})
  list(TRANSFORM arg_PLAIN PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  list(TRANSFORM arg_REAL PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/)
  cmake_path(GET CMAKE_CURRENT_SOURCE_DIR FILENAME folder)
  target_sources(tailgrad_f64 PRIVATE ${arg_REAL})
  if(arg_BRIEF)
    target_sources(tailgrad_brief PRIVATE ${arg_PLAIN} ${arg_REAL})
    return()
  endif()
  target_sources(tailgrad PRIVATE ${arg_PLAIN} ${arg_REAL})
  set_source_files_properties(${arg_PLAIN} TARGET_DIRECTORY tailgrad PROPERTIES UNITY_GROUP ${folder})
  if(arg_TOGETHER)
    set_source_files_properties(${arg_REAL} TARGET_DIRECTORY tailgrad PROPERTIES UNITY_GROUP ${folder}_${arg_TOGETHER})
  endif()
  if(CMAKE_BUILD_TYPE STREQUAL Debug)
    # The loops that the tests wait for, and -O0 for the rest: instrumented -O1 takes twice the time.
    # A header precompiled at -O0 does not fit them.
    set_source_files_properties(${arg_REAL} TARGET_DIRECTORY tailgrad PROPERTIES
      COMPILE_OPTIONS $<$<STREQUAL:$<TARGET_PROPERTY:NAME>,tailgrad>:-O1> SKIP_PRECOMPILE_HEADERS ON)
  endif()
endfunction()

# For targets of the project that include them too.
function(tailgrad_share_headers target)
  if(TAILGRAD_PRECOMPILED_HEADERS)
    target_precompile_headers(${target} REUSE_FROM tailgrad_headers)
  endif()
endfunction()

# What programs are linked with: in a package they share the libraries, and so run at the processor's level.
set(TAILGRAD_LIBRARY tailgrad)
set(TAILGRAD_LIBRARY_F64 tailgrad_f64)
if(TAILGRAD_CPU_LEVELS)
  set(TAILGRAD_LIBRARY tailgrad_shared)
  set(TAILGRAD_LIBRARY_F64 tailgrad_f64_shared)
endif()

# tailgrad_program(name source... [LINKS library...] [FAST_CODE]): an executable against tailgrad (float). Its own code is
# compiled with -O1: the libraries do the work. FAST_CODE keeps -O3.
function(tailgrad_program name)
  cmake_parse_arguments(arg "FAST_CODE" "" "LINKS" ${ARGN})
  add_executable(${name} ${arg_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE ${TAILGRAD_LIBRARY} tailgrad_flags fmt::fmt ${arg_LINKS})
  if(NOT arg_FAST_CODE)
    target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O1>)
  endif()
  tailgrad_share_headers(${name})
endfunction()

# The heavy headers of the tests, read once.
function(tailgrad_test_headers)
  set(source ${CMAKE_BINARY_DIR}/tailgrad_test_headers.cpp)
  file(WRITE ${source} "")
  add_library(tailgrad_test_headers OBJECT ${source})
  tailgrad_test_flags(tailgrad_test_headers f32)
  target_precompile_headers(tailgrad_test_headers PRIVATE
    <gtest/gtest.h> <gmock/gmock.h>)
endfunction()

# For targets that include them too, with the flags of the tests.
function(tailgrad_share_test_headers target)
  if(TAILGRAD_PRECOMPILED_HEADERS)
    target_precompile_headers(${target} REUSE_FROM tailgrad_test_headers)
  endif()
endfunction()

# What all test programs are compiled with.
function(tailgrad_test_flags target precision)
  target_link_libraries(${target} PRIVATE
    $<IF:$<STREQUAL:${precision},f64>,tailgrad_f64,tailgrad>
    tailgrad_flags GTest::gtest GTest::gtest_main GTest::gmock fmt::fmt
    nlohmann_json::nlohmann_json)
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O0>)
endfunction()

# tailgrad_tests(name PRECISION f32|f64 SOURCES ... [LINKS ...] [FAST_CODE]): one test program; every
# test case is a ctest of its own. The tests' own code is compiled with -O0 and twelve files at once: most of
# the time goes into templates of GoogleTest, JSON and the standard library that they share. So
# their names must differ, local ones too. FAST_CODE keeps -O3 for tests of kernels that live in headers.
function(tailgrad_tests name)
  cmake_parse_arguments(arg "FAST_CODE" "PRECISION" "SOURCES;LINKS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  tailgrad_test_flags(${name} ${arg_PRECISION})
  target_link_libraries(${name} PRIVATE ${arg_LINKS})
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  if(arg_FAST_CODE)
    target_compile_options(${name} PRIVATE $<$<CONFIG:Release>:-O3>)
  else()
    tailgrad_share_test_headers(${name})
  endif()
  set_target_properties(${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 12)
  target_compile_definitions(${name} PRIVATE
    TAILGRAD_SOURCE_DIR="${PROJECT_SOURCE_DIR}" TAILGRAD_BINARY_DIR="${CMAKE_BINARY_DIR}")
  gtest_discover_tests(${name} TEST_PREFIX "${name}." DISCOVERY_MODE PRE_TEST
    PROPERTIES TIMEOUT 300 SKIP_REGULAR_EXPRESSION "\\[  SKIPPED \\]")
endfunction()
