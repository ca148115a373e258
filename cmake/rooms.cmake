# leanmcp_room(NAME [PUBLIC lib...] [PRIVATE lib...])
#
# One folder, one static library: every *.cpp of the calling folder that is no test goes into leanmcp::NAME, every
# *_test.cpp into the test program leanmcp_NAME_test. A room names the rooms it uses as leanmcp::other.
function(leanmcp_room name)
  cmake_parse_arguments(ROOM "" "" "PUBLIC;PRIVATE" ${ARGN})
  string(REPLACE "/" "_" target ${name})
  file(GLOB sources CONFIGURE_DEPENDS *.cpp)
  set(tests ${sources})
  list(FILTER sources EXCLUDE REGEX "_(test|fuzz)\\.cpp$")
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")

  if(NOT sources)
    return()
  endif()
  add_library(leanmcp_${target} STATIC ${sources})
  add_library(leanmcp::${target} ALIAS leanmcp_${target})
  set_target_properties(leanmcp_${target} PROPERTIES EXPORT_NAME ${target} CXX_VISIBILITY_PRESET hidden
                                                     VISIBILITY_INLINES_HIDDEN ON POSITION_INDEPENDENT_CODE ON)
  target_compile_features(leanmcp_${target} PUBLIC cxx_std_20)
  target_include_directories(leanmcp_${target} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>
                                                      $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(leanmcp_${target} PUBLIC ${ROOM_PUBLIC} PRIVATE ${ROOM_PRIVATE})
  leanmcp_flags(leanmcp_${target})
  set_property(GLOBAL APPEND PROPERTY LEANMCP_ROOMS leanmcp_${target})

  if(LEANMCP_BUILD_TESTS AND tests)
    add_executable(leanmcp_${target}_test ${tests})
    target_link_libraries(leanmcp_${target}_test PRIVATE leanmcp_${target} ${ROOM_PRIVATE} GTest::gtest_main)
    leanmcp_flags(leanmcp_${target}_test)
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      # What a test itself does is done once: to optimise it takes twice as long as all the rest of compiling it.
      target_compile_options(leanmcp_${target}_test PRIVATE "$<$<CONFIG:Release>:-O0;-U_FORTIFY_SOURCE>")
    endif()
    add_test(NAME ${target} COMMAND leanmcp_${target}_test)
  endif()

  file(GLOB fuzzers CONFIGURE_DEPENDS *_fuzz.cpp)
  if(LEANMCP_BUILD_FUZZERS)
    foreach(fuzzer ${fuzzers})
      get_filename_component(stem ${fuzzer} NAME_WE)
      add_executable(${stem} ${fuzzer})
      target_link_libraries(${stem} PRIVATE leanmcp_${target} ${ROOM_PRIVATE} -fsanitize=fuzzer)
      leanmcp_flags(${stem})
    endforeach()
  endif()
endfunction()

# leanmcp_program(NAME sources... LIBS lib...): an executable in build/bin.
function(leanmcp_program name)
  cmake_parse_arguments(PROGRAM "" "" "LIBS" ${ARGN})
  add_executable(${name} ${PROGRAM_UNPARSED_ARGUMENTS})
  target_link_libraries(${name} PRIVATE ${PROGRAM_LIBS})
  leanmcp_flags(${name})
endfunction()

function(leanmcp_flags target)
  target_compile_options(${target} PRIVATE -Wall -Wextra -Wpedantic)
  if(LEANMCP_WARNINGS_AS_ERRORS)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # g++ 12 reports maybe-uninitialized and restrict inside its own library's headers at -O2 (GCC bugs 105562, 105651).
    target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized -Wno-restrict)
    if(CMAKE_UNITY_BUILD)
      # It warns of types of an anonymous namespace in any file but the main one, which under a unity build no source is.
      target_compile_options(${target} PRIVATE -Wno-subobject-linkage)
    endif()
  endif()
  if(LEANMCP_SANITIZE)
    target_compile_options(${target} PRIVATE -fsanitize=${LEANMCP_SANITIZE} -fno-omit-frame-pointer
                                             -fno-sanitize-recover=all)
    target_link_options(${target} PRIVATE -fsanitize=${LEANMCP_SANITIZE})
  endif()
  if(LEANMCP_BUILD_FUZZERS)
    target_compile_options(${target} PRIVATE -fsanitize=fuzzer-no-link)
  endif()
endfunction()

function(leanmcp_install)
  get_property(rooms GLOBAL PROPERTY LEANMCP_ROOMS)
  if(NOT rooms)
    return()
  endif()
  install(TARGETS ${rooms} EXPORT leanmcp ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(DIRECTORY leanmcp DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.hpp"
          PATTERN "*test*" EXCLUDE)
  install(EXPORT leanmcp NAMESPACE leanmcp:: FILE leanmcpTargets.cmake
          DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/leanmcp)
  configure_package_config_file(cmake/leanmcpConfig.cmake.in ${PROJECT_BINARY_DIR}/leanmcpConfig.cmake
                                INSTALL_DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/leanmcp)
  write_basic_package_version_file(${PROJECT_BINARY_DIR}/leanmcpConfigVersion.cmake COMPATIBILITY SameMinorVersion)
  install(FILES ${PROJECT_BINARY_DIR}/leanmcpConfig.cmake ${PROJECT_BINARY_DIR}/leanmcpConfigVersion.cmake
                cmake/dependencies.cmake DESTINATION ${CMAKE_INSTALL_LIBDIR}/cmake/leanmcp)
endfunction()
