# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# ctest runs the block tests against the source tree: a link below the build folder gives the blocks their place in the
# gnuradio namespace.

enable_testing()
set(source_dir ${CMAKE_CURRENT_SOURCE_DIR})
set(stage ${CMAKE_BINARY_DIR}/stage)
file(MAKE_DIRECTORY ${stage}/gnuradio)
file(CREATE_LINK ${source_dir}/python/semcom ${stage}/gnuradio/semcom SYMBOLIC)

file(GLOB qa_files CONFIGURE_DEPENDS ${source_dir}/../tests/blocks/qa_*.py)
foreach(qa_file ${qa_files})
    get_filename_component(name ${qa_file} NAME_WE)
    add_test(NAME ${name} COMMAND ${Python3_EXECUTABLE} -m pytest ${qa_file} WORKING_DIRECTORY ${source_dir}/..)
    set_tests_properties(${name} PROPERTIES
        ENVIRONMENT "PYTHONPATH=${stage}:${source_dir}/../python;GRC_BLOCKS_PATH=${source_dir}/grc;QT_QPA_PLATFORM=offscreen"
        TIMEOUT 600)
endforeach()
