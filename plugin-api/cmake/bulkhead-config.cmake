# find_package(Bulkhead): the headers as bulkhead::plugin_api, libbulkhead-testing as bulkhead::testing where it
# is installed, bulkhead_add_plugin() and bulkhead_add_plugin_test().
# Works installed and straight from a source tree (Bulkhead_DIR=<tree>/plugin-api/cmake, without bulkhead::testing).
if(NOT TARGET bulkhead::plugin_api)
  find_path(_bulkhead_include bulkhead/abi.h NO_CACHE NO_DEFAULT_PATH
            PATHS ${CMAKE_CURRENT_LIST_DIR}/../include ${CMAKE_CURRENT_LIST_DIR}/../../../include
                  ${CMAKE_CURRENT_LIST_DIR}/../../../../include)
  if(NOT _bulkhead_include)
    set(Bulkhead_FOUND FALSE)
    set(Bulkhead_NOT_FOUND_MESSAGE "bulkhead/abi.h is not where this package expects it")
    return()
  endif()
  cmake_path(NORMAL_PATH _bulkhead_include)
  add_library(bulkhead::plugin_api INTERFACE IMPORTED)
  target_include_directories(bulkhead::plugin_api INTERFACE ${_bulkhead_include})

  find_library(_bulkhead_testing bulkhead-testing NO_CACHE NO_DEFAULT_PATH PATHS ${CMAKE_CURRENT_LIST_DIR}/../..)
  if(_bulkhead_testing)
    add_library(bulkhead::testing SHARED IMPORTED)
    set_target_properties(bulkhead::testing PROPERTIES IMPORTED_LOCATION ${_bulkhead_testing}
                          INTERFACE_LINK_LIBRARIES bulkhead::plugin_api)
  endif()
  unset(_bulkhead_include)
  unset(_bulkhead_testing)
endif()
include(${CMAKE_CURRENT_LIST_DIR}/bulkhead_add_plugin.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/bulkhead_add_plugin_test.cmake)
