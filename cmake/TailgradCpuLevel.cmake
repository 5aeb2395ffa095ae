# tailgrad_at_level(level): the shared libraries once more for one level of x86-64, such as x86-64-v3, in
# glibc-hwcaps/LEVEL beside the ordinary ones: from there glibc's loader (2.33 and later) takes the best that the
# processor can run. The part of tailgrad that spends no time worth saving is the same in all of them: it uses none of the
# vector types, which each level passes in its own way.
function(tailgrad_at_level level)
  # The targets' sources, options and what they are linked with, anew.
  foreach(library tailgrad_headers tailgrad tailgrad_f64)
    if(NOT TARGET ${library})
      continue()
    endif()
    get_target_property(sources ${library} SOURCES)
    list(FILTER sources EXCLUDE REGEX TARGET_OBJECTS)
    add_library(${library}_${level} OBJECT EXCLUDE_FROM_ALL ${sources})
    foreach(property COMPILE_OPTIONS COMPILE_DEFINITIONS COMPILE_FEATURES INCLUDE_DIRECTORIES LINK_LIBRARIES
                     UNITY_BUILD UNITY_BUILD_MODE)
      get_target_property(value ${library} ${property})
      if(value)
        set_target_properties(${library}_${level} PROPERTIES ${property} "${value}")
      endif()
    endforeach()
    target_compile_options(${library}_${level} PRIVATE -march=${level})
    if(library STREQUAL tailgrad_headers)
      get_target_property(headers tailgrad_headers PRECOMPILE_HEADERS)
      target_precompile_headers(tailgrad_headers_${level} PRIVATE ${headers})
    elseif(TAILGRAD_PRECOMPILED_HEADERS)
      target_precompile_headers(${library}_${level} REUSE_FROM tailgrad_headers_${level})
    endif()
  endforeach()

  tailgrad_shared(tailgrad_shared_${level} tailgrad tailgrad_${level} tailgrad_brief)
  target_link_libraries(tailgrad_shared_${level} PRIVATE ${libraries_of_tailgrad})
  tailgrad_shared(tailgrad_f64_shared_${level} tailgrad_f64 tailgrad_f64_${level})
  target_link_libraries(tailgrad_f64_shared_${level} PRIVATE tailgrad_shared PkgConfig::OPENBLAS fmt::fmt)
  foreach(library tailgrad_shared_${level} tailgrad_f64_shared_${level})
    set_target_properties(${library} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/glibc-hwcaps/${level})
    install(TARGETS ${library}
            LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/glibc-hwcaps/${level} COMPONENT lib NAMELINK_SKIP)
  endforeach()
endfunction()
