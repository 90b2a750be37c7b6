# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Finds the Python interpreter, checks that it sees GNU Radio 3.10 or later, and sets SEMCOM_PYTHON_DIR, the folder of
# packages below the prefix that this interpreter searches.

set(Python3_FIND_STRATEGY LOCATION)
set(Python3_FIND_VIRTUALENV FIRST)
find_package(Python3 3.11 COMPONENTS Interpreter REQUIRED)

execute_process(
    COMMAND ${Python3_EXECUTABLE} -c "from gnuradio import gr; print(gr.version())"
    OUTPUT_VARIABLE gnuradio_version ERROR_VARIABLE gnuradio_error RESULT_VARIABLE status OUTPUT_STRIP_TRAILING_WHITESPACE)
if(NOT status EQUAL 0)
    message(FATAL_ERROR "${Python3_EXECUTABLE} does not see GNU Radio. Install GNU Radio 3.10 or later (Debian, Ubuntu: "
        "apt install gnuradio), or name the interpreter that sees it: cmake -DPython3_EXECUTABLE=/usr/bin/python3 ...\n"
        "${gnuradio_error}")
endif()
string(REGEX MATCH "[0-9]+\\.[0-9]+[0-9.]*" gnuradio_version "${gnuradio_version}")
if(gnuradio_version VERSION_LESS 3.10)
    message(FATAL_ERROR "GNU Radio is ${gnuradio_version}; 3.10 or later is needed")
endif()
message(STATUS "GNU Radio ${gnuradio_version}, seen by ${Python3_EXECUTABLE}")

execute_process(COMMAND ${Python3_EXECUTABLE} -c "import semcom_core" RESULT_VARIABLE status ERROR_QUIET)
if(NOT status EQUAL 0)
    message(WARNING "The blocks compute with the package semcom_core, which ${Python3_EXECUTABLE} does not see yet: "
        "install it with pip from the folder above this one")
endif()

execute_process(
    COMMAND ${Python3_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/python_dir.py ${CMAKE_INSTALL_PREFIX}
    OUTPUT_VARIABLE SEMCOM_PYTHON_DIR OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
