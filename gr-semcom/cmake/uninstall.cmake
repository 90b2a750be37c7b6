# SPDX-FileCopyrightText: 2026 The gr-semcom authors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Removes the files that the last `cmake --install` wrote, listed in MANIFEST.

if(NOT EXISTS ${MANIFEST})
    message(FATAL_ERROR "${MANIFEST} is not there: nothing was installed from this build folder")
endif()
file(STRINGS ${MANIFEST} files)
foreach(file ${files})
    message(STATUS "Removing $ENV{DESTDIR}${file}")
    file(REMOVE $ENV{DESTDIR}${file})
endforeach()
