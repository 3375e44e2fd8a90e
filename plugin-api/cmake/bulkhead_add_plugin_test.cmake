# bulkhead_add_plugin_test(<id> SOURCES a.cpp ... [LINK lib ...])
#
# A GoogleTest program <id>_test on TestHost, which loads the plugin <id> as a host would; `ctest` runs it. Without
# bulkhead::testing or GoogleTest there is none, and configuring says so.
include_guard(GLOBAL)
enable_testing()  # here: in a function it would end with it

function(bulkhead_add_plugin_test id)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_SOURCES)
    message(FATAL_ERROR "bulkhead_add_plugin_test(${id} ...): usage is <id> SOURCES <file>... [LINK <library>...]")
  endif()
  find_package(GTest QUIET)
  if(NOT GTest_FOUND OR NOT TARGET bulkhead::testing)
    message(STATUS "${id}_test is not built: it needs libgtest-dev and libbulkhead-testing")
    return()
  endif()
  add_executable(${id}_test ${arg_SOURCES})
  target_link_libraries(${id}_test PRIVATE ${arg_LINK} bulkhead::testing GTest::gtest_main)
  target_compile_features(${id}_test PRIVATE cxx_std_20)
  add_dependencies(${id}_test ${id})
  add_test(NAME ${id}_test COMMAND ${id}_test)
  set_tests_properties(${id}_test PROPERTIES ENVIRONMENT "BULKHEAD_PLUGIN_DIR=$<TARGET_FILE_DIR:${id}>")
endfunction()
