# bulkhead_add_plugin(<id> SOURCES a.cpp ... [MANIFEST plugin.json] [MIGRATIONS dir] [CAPABILITIES dir] [LINK lib ...])
#
# Builds <id>.so into ${CMAKE_BINARY_DIR}/plugins (or BULKHEAD_PLUGIN_OUTPUT_DIRECTORY) as a target
# named <id>. plugin.json is embedded as an ELF note that hosts read without running code, and gives
# settings.hpp: a `struct Settings` in the plugin's namespace (its id, "-" written as "_").
# Migrations (<dir>/<engine>/NNNN_name.sql; default: the folder `migrations`, if there is one) are
# embedded in a second note, contracts of capabilities of its own (<dir>/*.json; default: the folder
# `capabilities`, if there is one) in a third. Paths are relative to the calling CMakeLists.txt.
include_guard(GLOBAL)

function(bulkhead_add_plugin id)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "MANIFEST;MIGRATIONS;CAPABILITIES" "SOURCES;LINK")
  if(arg_UNPARSED_ARGUMENTS OR NOT arg_SOURCES)
    message(FATAL_ERROR "bulkhead_add_plugin(${id} ...): usage is <id> SOURCES <file>... "
                        "[MANIFEST <file>] [MIGRATIONS <folder>] [CAPABILITIES <folder>] [LINK <library>...]")
  endif()
  if(NOT arg_MANIFEST)
    set(arg_MANIFEST plugin.json)
  endif()
  if(NOT arg_MIGRATIONS)
    set(arg_MIGRATIONS migrations)
  endif()
  if(NOT arg_CAPABILITIES)
    set(arg_CAPABILITIES capabilities)
  endif()
  cmake_path(ABSOLUTE_PATH arg_MANIFEST BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} NORMALIZE)
  cmake_path(ABSOLUTE_PATH arg_MIGRATIONS BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} NORMALIZE)
  cmake_path(ABSOLUTE_PATH arg_CAPABILITIES BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} NORMALIZE)

  set(generated ${CMAKE_CURRENT_BINARY_DIR}/${id}-generated)
  _bulkhead_check_manifest("${id}" "${arg_MANIFEST}")
  _bulkhead_write_notes("${generated}" "${arg_MANIFEST}" "${arg_MIGRATIONS}" notes "${arg_CAPABILITIES}")
  _bulkhead_write_settings("${id}" "${arg_MANIFEST}" "${generated}/settings.hpp")

  add_library(${id} MODULE ${arg_SOURCES} ${notes})
  target_include_directories(${id} PRIVATE ${generated} ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(${id} PRIVATE ${arg_LINK} bulkhead::plugin_api)
  if(TARGET bulkhead_build_settings)
    target_link_libraries(${id} PRIVATE bulkhead_build_settings)
  endif()
  _bulkhead_set_plugin_flags(${id} "${generated}")
endfunction()

# Names, language level, and the flags that let the library be unloaded and keep it to itself.
function(_bulkhead_set_plugin_flags target generated)
  if(NOT BULKHEAD_PLUGIN_OUTPUT_DIRECTORY)
    set(BULKHEAD_PLUGIN_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/plugins)
  endif()
  set_target_properties(${target} PROPERTIES
    PREFIX "" SUFFIX .so OUTPUT_NAME ${target} NO_SONAME OFF
    LIBRARY_OUTPUT_DIRECTORY ${BULKHEAD_PLUGIN_OUTPUT_DIRECTORY}
    POSITION_INDEPENDENT_CODE ON
    C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  if("CXX" IN_LIST languages)
    target_compile_features(${target} PRIVATE cxx_std_20)
  endif()
  # GNU_UNIQUE symbols would pin the library: dlclose succeeds and unloads nothing.
  target_compile_options(${target} PRIVATE
    $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fno-gnu-unique>)
  # Only the door is exported, so that no two plugins share a template's static by name.
  set(exports ${generated}/exports.map)
  file(CONFIGURE OUTPUT ${exports} CONTENT "{ global: bulkhead_plugin_v1; local: *; };\n" @ONLY)
  target_link_options(${target} PRIVATE -Wl,-z,now -Wl,--version-script=${exports})
  set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS ${exports})
  # A sanitizer's runtime lives in the executable, so its symbols are undefined here.
  if(NOT BULKHEAD_SANITIZE AND NOT "${CMAKE_CXX_FLAGS} ${CMAKE_C_FLAGS}" MATCHES "-fsanitize")
    target_link_options(${target} PRIVATE -Wl,-z,defs)
  endif()
endfunction()

# --- The manifest ---------------------------------------------------------------------------------

# Stops the build for what would only be refused at run time.
function(_bulkhead_check_manifest id manifest)
  if(NOT id MATCHES "^[a-z][a-z0-9-]*$")
    message(FATAL_ERROR "bulkhead_add_plugin: '${id}' is not a plugin id ([a-z][a-z0-9-]*)")
  endif()
  if(NOT EXISTS "${manifest}")
    message(FATAL_ERROR "bulkhead_add_plugin(${id}): there is no manifest ${manifest}")
  endif()
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${manifest}")
  file(READ "${manifest}" text)
  foreach(member IN ITEMS id version api summary)
    string(JSON value ERROR_VARIABLE problem GET "${text}" ${member})
    if(problem)
      message(FATAL_ERROR "${manifest}: ${problem}")
    endif()
    if(member STREQUAL "id" AND NOT value STREQUAL id)
      message(FATAL_ERROR "${manifest}: id is '${value}', bulkhead_add_plugin says '${id}'")
    endif()
  endforeach()
endfunction()

# --- Notes ----------------------------------------------------------------------------------------
# Bytes travel through CMake as hexadecimal pairs with a comma after each ("7b,22,"), because text
# would meet CMake's rules for semicolons, brackets and backslashes on its way.

function(_bulkhead_read_bytes file out)
  file(READ "${file}" hex HEX)
  string(REGEX REPLACE "(..)" "\\1," hex "${hex}")
  set(${out} "${hex}" PARENT_SCOPE)
endfunction()

function(_bulkhead_text_bytes text out)
  string(HEX "${text}" hex)
  string(REGEX REPLACE "(..)" "\\1," hex "${hex}")
  set(${out} "${hex}" PARENT_SCOPE)
endfunction()

# The inside of a JSON string (RFC 8259 §7).
function(_bulkhead_json_escape bytes out)
  string(REPLACE "5c," "5c,5c," bytes "${bytes}")
  string(REPLACE "22," "5c,22," bytes "${bytes}")
  string(REPLACE "0a," "5c,6e," bytes "${bytes}")
  string(REPLACE "0d," "5c,72," bytes "${bytes}")
  string(REPLACE "09," "5c,74," bytes "${bytes}")
  string(REGEX REPLACE "([01])([0-9a-f])," "<\\1\\2>" bytes "${bytes}")
  foreach(digit IN ITEMS 0 1 2 3 4 5 6 7 8 9)
    string(REGEX REPLACE "<([01])${digit}>" "5c,75,30,30,3\\1,3${digit}," bytes "${bytes}")
  endforeach()
  foreach(digit IN ITEMS a b c d e f)
    string(HEX "${digit}" code)
    string(REGEX REPLACE "<([01])${digit}>" "5c,75,30,30,3\\1,${code}," bytes "${bytes}")
  endforeach()
  set(${out} "${bytes}" PARENT_SCOPE)
endfunction()

# [{"engine":"sqlite","number":1,"name":"start","sql":"..."}], by engine and number; empty if none.
function(_bulkhead_migrations_json folder out)
  set(json "")
  foreach(engine IN ITEMS postgresql sqlite)
    file(GLOB files CONFIGURE_DEPENDS "${folder}/${engine}/*")
    list(SORT files)
    set(numbers "")
    foreach(file IN LISTS files)
      cmake_path(GET file FILENAME name)
      if(NOT name MATCHES "^([0-9][0-9][0-9][0-9])_([a-z0-9_]+)\\.sql$")
        message(FATAL_ERROR "${file}: a migration is named NNNN_name.sql")
      endif()
      set(name "${CMAKE_MATCH_2}")
      math(EXPR number "1${CMAKE_MATCH_1} - 10000")
      if(number EQUAL 0 OR number IN_LIST numbers)
        message(FATAL_ERROR "${file}: migration numbers begin at 1 and are given once")
      endif()
      list(APPEND numbers ${number})
      set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
      _bulkhead_read_bytes("${file}" sql)
      _bulkhead_json_escape("${sql}" sql)
      _bulkhead_text_bytes("{\"engine\":\"${engine}\",\"number\":${number},\"name\":\"${name}\",\"sql\":\"" begin)
      if(json)
        string(APPEND json "2c,")
      endif()
      string(APPEND json "${begin}${sql}22,7d,")
    endforeach()
  endforeach()
  if(json)
    set(json "5b,${json}5d,")
  endif()
  set(${out} "${json}" PARENT_SCOPE)
endfunction()

# The contracts of a folder as one array, by the files' names; empty if none.
function(_bulkhead_contracts_json folder out)
  file(GLOB files CONFIGURE_DEPENDS "${folder}/*.json")
  list(SORT files)
  set(json "")
  foreach(file IN LISTS files)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${file}")
    file(READ "${file}" text)
    string(JSON name ERROR_VARIABLE problem GET "${text}" capability)
    if(problem)
      message(FATAL_ERROR "${file}: ${problem}")
    endif()
    _bulkhead_read_bytes("${file}" text)
    if(json)
      string(APPEND json "2c,")
    endif()
    string(APPEND json "${text}")
  endforeach()
  if(json)
    set(json "5b,${json}5d,")
  endif()
  set(${out} "${json}" PARENT_SCOPE)
endfunction()

# One note of the generated source; `description` is in comma pairs. Top-level assembler, since no
# compiler, sanitizer or link-time optimiser pads or drops it.
function(_bulkhead_note what type description out)
  string(LENGTH "${description}" size)
  math(EXPR size "${size} / 3")
  if(size GREATER 1048576)
    message(FATAL_ERROR "${what}: ${size} bytes; a note carries at most 1048576")
  endif()
  string(REGEX REPLACE "(..)," "0x\\1," rows "${description}")
  string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..),"
                       "  \".byte \\1\\\\n\"\n" rows "${rows}")
  string(REGEX REPLACE "(0x[0-9a-f][^\"]*),$" "  \".byte \\1\\\\n\"\n" rows "${rows}")
  set(${out}
"/* ${what} */
__asm__(\".pushsection .note.bulkhead,\\\"a\\\",%note\\n\"
  \".balign 4\\n\"
  \".long 9, ${size}, ${type}\\n\"
  \".asciz \\\"Bulkhead\\\"\\n\"
  \".balign 4\\n\"
${rows}  \".balign 4\\n\"
  \".popsection\\n\");
" PARENT_SCOPE)
endfunction()

function(_bulkhead_write_notes generated manifest migrations out) # and the folder of contracts
  _bulkhead_read_bytes("${manifest}" description)
  _bulkhead_note("plugin.json" 1 "${description}" source)
  _bulkhead_migrations_json("${migrations}" description)
  if(description)
    _bulkhead_note("migrations" 2 "${description}" second)
    string(APPEND source "${second}")
  endif()
  set(description "")
  if(ARGC GREATER 4)
    _bulkhead_contracts_json("${ARGV4}" description)
  endif()
  if(description)
    _bulkhead_note("capabilities" 3 "${description}" third)
    string(APPEND source "${third}")
  endif()
  get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  if("CXX" IN_LIST languages)
    set(file ${generated}/notes.cpp)
  else()
    set(file ${generated}/notes.c)
  endif()
  # Longer than the standard asks compilers to take, and no longer than these take.
  set(head "/* Generated by bulkhead_add_plugin(). */\n#pragma GCC diagnostic ignored \"-Woverlength-strings\"\n")
  _bulkhead_write_if_changed("${file}" "${head}${source}")
  set(${out} "${file}" PARENT_SCOPE)
endfunction()

function(_bulkhead_write_if_changed file text)
  set(before "")
  if(EXISTS "${file}")
    file(READ "${file}" before)
  endif()
  if(NOT before STREQUAL text)
    file(WRITE "${file}" "${text}")
  endif()
endfunction()

# --- settings.hpp ---------------------------------------------------------------------------------

# Sets `out` when a name cannot be a member's.
function(_bulkhead_is_cxx_word name out)
  set(words
  alignas alignof and asm auto bitand bitor bool break case catch char class compl concept const
  consteval constexpr constinit continue decltype default delete do double else enum explicit export
  extern false float for friend goto if inline int long mutable namespace new noexcept not nullptr
  operator or private protected public read register requires return short signed sizeof static
  struct switch template this throw true try typedef typeid typename union unsigned using virtual
  void volatile while xor)
  if(name IN_LIST words)
    set(${out} ON PARENT_SCOPE)
  else()
    set(${out} OFF PARENT_SCOPE)
  endif()
endfunction()

# A C++ string literal; three-digit octal escapes end by themselves.
function(_bulkhead_cxx_string text out)
  _bulkhead_text_bytes("${text}" bytes)
  string(REGEX REPLACE "(..)," "<\\1>" bytes "${bytes}")
  string(REGEX MATCHALL "<..>" bytes "${bytes}")
  set(literal "")
  foreach(byte IN LISTS bytes)
    string(SUBSTRING "${byte}" 1 2 byte)
    math(EXPR code "0x${byte}")
    if(code EQUAL 34 OR code EQUAL 92 OR code LESS 32 OR code GREATER 126)
      math(EXPR high "${code} / 64")
      math(EXPR middle "${code} / 8 % 8")
      math(EXPR low "${code} % 8")
      string(APPEND literal "\\${high}${middle}${low}")
    else()
      string(ASCII ${code} character)
      string(APPEND literal "${character}")
    endif()
  endforeach()
  set(${out} "\"${literal}\"" PARENT_SCOPE)
endfunction()

# The C++ type, initialiser and reading expression of one setting.
function(_bulkhead_setting_code where setting name)
  string(JSON type ERROR_VARIABLE problem GET "${setting}" type)
  string(JSON default_type ERROR_VARIABLE absent TYPE "${setting}" default)
  set(value "")
  if(NOT absent)
    string(JSON value GET "${setting}" default)
  endif()
  if(type MATCHES "^(string|url|secret|enum)$")
    set(cxx_type std::string)
    set(reading "reader.text(\"${name}\")")
    if(absent)
      set(value "{}")
    else()
      _bulkhead_cxx_string("${value}" value)
    endif()
    set(expected STRING)
  elseif(type STREQUAL "integer")
    set(cxx_type std::int64_t)
    set(reading "reader.integer(\"${name}\")")
    set(expected NUMBER)
  elseif(type STREQUAL "duration_ms")
    set(cxx_type std::chrono::milliseconds)
    set(reading "std::chrono::milliseconds{reader.integer(\"${name}\")}")
    set(expected NUMBER)
  elseif(type STREQUAL "number")
    set(cxx_type double)
    set(reading "reader.number(\"${name}\")")
    set(expected NUMBER)
  elseif(type STREQUAL "boolean")
    set(cxx_type bool)
    set(reading "reader.boolean(\"${name}\")")
    set(expected BOOLEAN)
    if(value)
      set(value "true")
    else()
      set(value "false")
    endif()
  else()
    message(FATAL_ERROR "${where}/type: '${type}' is not a type; expected string, integer, number, "
                        "boolean, duration_ms, url, secret or enum")
  endif()
  if(absent AND expected STREQUAL "NUMBER")
    set(value 0)
  elseif(NOT absent AND NOT default_type STREQUAL expected)
    message(FATAL_ERROR "${where}/default: a default of type ${type} is expected")
  endif()
  if(type STREQUAL "duration_ms")
    set(value "std::chrono::milliseconds{${value}}")
  endif()
  set(cxx_type "${cxx_type}" PARENT_SCOPE)
  set(value "${value}" PARENT_SCOPE)
  set(reading "${reading}" PARENT_SCOPE)
endfunction()

# The doc comment of a setting: its help, then unit, bounds or values.
function(_bulkhead_setting_comment setting out)
  string(JSON help GET "${setting}" help)
  string(REGEX REPLACE "[\r\n]+" " " help "${help}")
  string(REGEX REPLACE "\\\\$" "\\\\." help "${help}") # a comment must not end in a backslash
  set(facts "")
  foreach(bound IN ITEMS min max)
    string(JSON limit ERROR_VARIABLE absent GET "${setting}" ${bound})
    if(NOT absent)
      string(APPEND facts ", ${bound} ${limit}")
    endif()
  endforeach()
  string(JSON count ERROR_VARIABLE absent LENGTH "${setting}" values)
  if(NOT absent AND count GREATER 0)
    math(EXPR last "${count} - 1")
    foreach(i RANGE ${last})
      string(JSON one GET "${setting}" values ${i})
      string(APPEND facts ", ${one}")
    endforeach()
  endif()
  if(facts)
    string(SUBSTRING "${facts}" 2 -1 facts)
    string(APPEND help " [${facts}]")
  endif()
  set(${out} "  /// ${help}\n" PARENT_SCOPE)
endfunction()

function(_bulkhead_write_settings id manifest file)
  file(READ "${manifest}" text)
  string(JSON settings ERROR_VARIABLE absent GET "${text}" settings)
  if(absent)
    set(settings "{}")
  endif()
  string(JSON count LENGTH "${settings}")
  set(members "")
  set(readings "")
  set(index 0)
  while(index LESS count)
    string(JSON name MEMBER "${settings}" ${index})
    string(JSON setting GET "${settings}" "${name}")
    set(where "${manifest}: /settings/${name}")
    _bulkhead_is_cxx_word("${name}" is_word)
    if(NOT name MATCHES "^[a-z][a-z0-9_]*$" OR is_word)
      message(FATAL_ERROR "${where}: a setting's name is [a-z][a-z0-9_]* and no word of C++")
    endif()
    string(JSON help ERROR_VARIABLE problem GET "${setting}" help)
    if(problem)
      message(FATAL_ERROR "${where}: help is required, one sentence for the operator")
    endif()
    _bulkhead_setting_code("${where}" "${setting}" "${name}")
    _bulkhead_setting_comment("${setting}" comment)
    string(APPEND members "${comment}  ${cxx_type} ${name} = ${value};\n")
    string(APPEND readings "    settings.${name} = ${reading};\n")
    math(EXPR index "${index} + 1")
  endwhile()
  set(parameter "")
  if(count GREATER 0)
    set(parameter " reader")
  endif()
  string(REPLACE "-" "_" namespace "${id}")
  _bulkhead_write_if_changed("${file}"
"// Generated by bulkhead_add_plugin() from plugin.json.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include <bulkhead/settings.hpp>

namespace ${namespace} {

/// The settings of ${id}, as its manifest declares them.
struct Settings {
${members}
  static Settings read(const bulkhead::SettingsReader&${parameter}) {
    Settings settings;
${readings}    return settings;
  }
};

}  // namespace ${namespace}
")
endfunction()
