# Language level, warnings, sanitizers, ccache and precompiled headers: one place for every target.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 11)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)

find_program(BULKHEAD_CCACHE ccache)
if(BULKHEAD_CCACHE)
  set(ccache_command ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${PROJECT_SOURCE_DIR} CCACHE_NOHASHDIR=1
                     CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${BULKHEAD_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${ccache_command})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${ccache_command})
endif()

find_program(BULKHEAD_LLD ld.lld)
set(BULKHEAD_SANITIZE "" CACHE STRING "Value of -fsanitize= for every target; empty for none")
add_library(bulkhead_build_settings INTERFACE)
target_compile_options(bulkhead_build_settings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror
  $<$<COMPILE_LANGUAGE:CXX>:-Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual>
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:GNU>>:-fpch-preprocess>
  # gcc 12 sees impossible copies in optimised `"text" + std::string` (its bug 105651).
  $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:GNU>>:-Wno-restrict;-Wno-stringop-overflow;-Wno-array-bounds>)
if(BULKHEAD_SANITIZE)  # instrumented code looks uninitialised to gcc, as its manual says of -fsanitize
  target_compile_options(bulkhead_build_settings INTERFACE
    $<$<AND:$<COMPILE_LANGUAGE:CXX>,$<CXX_COMPILER_ID:GNU>>:-Wno-maybe-uninitialized>)
endif()
if(BULKHEAD_LLD AND CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_link_options(bulkhead_build_settings INTERFACE -fuse-ld=lld)
endif()

if(BULKHEAD_SANITIZE)
  add_compile_options(-fsanitize=${BULKHEAD_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${BULKHEAD_SANITIZE})
  add_compile_definitions(BULKHEAD_SANITIZED=1)
endif()

set(BULKHEAD_FUZZ OFF CACHE BOOL "Builds tests/fuzz for libFuzzer; needs clang")
if(BULKHEAD_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# bulkhead_host_library(<folder> SOURCES ... [LINK ...]): one static library per folder of host/.
function(bulkhead_host_library folder)
  cmake_parse_arguments(arg "" "" "SOURCES;LINK" ${ARGN})
  add_library(bulkhead_${folder} STATIC ${arg_SOURCES})
  target_include_directories(bulkhead_${folder} PUBLIC ${PROJECT_SOURCE_DIR}/host)
  target_link_libraries(bulkhead_${folder} PUBLIC bulkhead_plugin_api ${arg_LINK}
                                           PRIVATE bulkhead_build_settings)
  target_precompile_headers(bulkhead_${folder} PRIVATE ${PROJECT_SOURCE_DIR}/host/precompiled.hpp)
endfunction()

# What nearly every test includes, read once for all of them.
function(bulkhead_test_headers)
  set(source ${PROJECT_BINARY_DIR}/test_headers.cpp)
  file(CONFIGURE OUTPUT ${source} CONTENT "int main() {}\n")
  add_executable(bulkhead_test_headers EXCLUDE_FROM_ALL ${source})
  target_link_libraries(bulkhead_test_headers PRIVATE GTest::gmock bulkhead_test_settings)
  target_include_directories(bulkhead_test_headers SYSTEM PRIVATE ${NLOHMANN_INCLUDE})
  target_precompile_headers(bulkhead_test_headers PRIVATE ${PROJECT_SOURCE_DIR}/tests/precompiled.hpp)
endfunction()

# Tests are compiled soon rather than made fast, and half as long once more where a sanitizer slows the compiler down;
# what they link is the product as it ships.
add_library(bulkhead_test_settings INTERFACE)
target_link_libraries(bulkhead_test_settings INTERFACE bulkhead_build_settings)
target_compile_options(bulkhead_test_settings INTERFACE $<$<CONFIG:Release>:-O1> $<$<CONFIG:RelWithDebInfo>:-O0>)
target_compile_definitions(bulkhead_test_settings INTERFACE BULKHEAD_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
                                                            BULKHEAD_BUILD_DIR="${PROJECT_BINARY_DIR}"
  # A header that was compiled with other definitions is refused.
  $<TARGET_PROPERTY:Poco::Foundation,INTERFACE_COMPILE_DEFINITIONS>
  $<TARGET_PROPERTY:fmt::fmt,INTERFACE_COMPILE_DEFINITIONS>)

# bulkhead_test(<name> SOURCES ... [LINK ...] [LABELS ...]): one GoogleTest program, run as one ctest test.
# Without LABELS the folder says what kind it is: tests/host, tests/plugin-api and tests/plugins hold `unit`
# tests (run under sanitizers too), the others carry the name of their folder. `full`: only with tools/test --full.
function(bulkhead_test name)
  if(NOT BULKHEAD_TESTS_WANTED)
    return()
  endif()
  cmake_parse_arguments(arg "" "TIMEOUT" "SOURCES;LINK;LABELS;DEPENDS" ${ARGN})
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 60)
  endif()
  if(BULKHEAD_SANITIZE)  # instrumented code needs several times the processor
    math(EXPR arg_TIMEOUT "3 * ${arg_TIMEOUT}")
  endif()
  if(NOT arg_LABELS)
    file(RELATIVE_PATH arg_LABELS ${PROJECT_SOURCE_DIR}/tests ${CMAKE_CURRENT_SOURCE_DIR})
    string(REGEX REPLACE "/.*" "" arg_LABELS ${arg_LABELS})
    if(arg_LABELS MATCHES "^(host|plugin-api|plugins|\\.\\.)$")
      set(arg_LABELS unit)
    endif()
  endif()
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LINK} GTest::gmock GTest::gtest_main bulkhead_test_settings)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  target_precompile_headers(${name} REUSE_FROM bulkhead_test_headers)
  if(arg_DEPENDS)
    add_dependencies(${name} ${arg_DEPENDS})
  endif()
  add_test(NAME ${name} COMMAND ${name})
  set(environment GTEST_OUTPUT=json:${PROJECT_BINARY_DIR}/test-results/${name}.json
                  TSAN_OPTIONS=suppressions=${PROJECT_SOURCE_DIR}/tests/thread_sanitizer.supp)
  set_tests_properties(${name} PROPERTIES TIMEOUT ${arg_TIMEOUT} LABELS "${arg_LABELS}"
    ENVIRONMENT "${environment}")
  if(arg_LABELS MATCHES "faults")
    set_tests_properties(${name} PROPERTIES RUN_SERIAL TRUE)
  endif()
endfunction()
