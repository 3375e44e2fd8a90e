# find_package(bulkhead-plugin-api): the headers as bulkhead::plugin_api, and bulkhead_add_plugin().
# Works installed and straight from a source tree (bulkhead-plugin-api_DIR=<tree>/plugin-api/cmake).
if(NOT TARGET bulkhead::plugin_api)
  find_path(_bulkhead_include bulkhead/abi.h NO_CACHE NO_DEFAULT_PATH
            PATHS ${CMAKE_CURRENT_LIST_DIR}/../include ${CMAKE_CURRENT_LIST_DIR}/../../../include)
  if(NOT _bulkhead_include)
    set(bulkhead-plugin-api_FOUND FALSE)
    set(bulkhead-plugin-api_NOT_FOUND_MESSAGE "bulkhead/abi.h is not where this package expects it")
    return()
  endif()
  cmake_path(NORMAL_PATH _bulkhead_include)
  add_library(bulkhead::plugin_api INTERFACE IMPORTED)
  target_include_directories(bulkhead::plugin_api INTERFACE ${_bulkhead_include})
  unset(_bulkhead_include)
endif()
include(${CMAKE_CURRENT_LIST_DIR}/bulkhead_add_plugin.cmake)
