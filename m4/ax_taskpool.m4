# What configure asks about the machine; each macro is one question.

AC_DEFUN([AX_TASKPOOL_THREADS], [
	AC_SEARCH_LIBS([pthread_create], [pthread], [], [AC_MSG_ERROR([POSIX threads are needed])])
	AC_CHECK_FUNCS([pthread_setname_np pthread_condattr_setclock])
	AC_CHECK_HEADERS([sys/single_threaded.h])
])

# Linux: futex and eventfd; elsewhere, or with --disable-linux: condition variables and a pipe.
AC_DEFUN([AX_TASKPOOL_PLATFORM], [
	AC_ARG_ENABLE([linux], [AS_HELP_STRING([--disable-linux],
		[use condition variables and pipes even where futex and eventfd exist])], [], [enable_linux=auto])
	have_linux=no
	AS_IF([test "$enable_linux" != no], [AC_CHECK_HEADERS([linux/futex.h sys/eventfd.h sys/timerfd.h],
		[have_linux=yes], [have_linux=no; break])])
	AS_IF([test "$enable_linux" = yes && test "$have_linux" = no], [AC_MSG_ERROR([no futex or eventfd here])])
	AS_IF([test "$have_linux" = yes],
		[taskpool_platform="linux (futex, eventfd)"; AC_DEFINE([TPI_LINUX], [1], [futex and eventfd are used])],
		[taskpool_platform="posix (condition variables, pipe)"])
	AM_CONDITIONAL([TPI_LINUX], [test "$have_linux" = yes])
])

# The environment of a program with more rights than its caller; and probes, by a header alone.
AC_DEFUN([AX_TASKPOOL_TRACERS], [
	AC_CHECK_FUNCS([secure_getenv])
	AC_CHECK_HEADERS([sys/sdt.h], [taskpool_probes="yes (sys/sdt.h)"], [taskpool_probes="no (no sys/sdt.h)"])
])

AC_DEFUN([AX_TASKPOOL_WARNINGS], [
	WARN_CFLAGS="-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wundef"
	AC_ARG_ENABLE([werror], [AS_HELP_STRING([--enable-werror], [warnings are errors])])
	AS_IF([test "$enable_werror" = yes], [WARN_CFLAGS="$WARN_CFLAGS -Werror"])
	AC_SUBST([WARN_CFLAGS])
])

AC_DEFUN([AX_TASKPOOL_SANITIZE], [
	AC_ARG_WITH([sanitizer], [AS_HELP_STRING([--with-sanitizer=LIST],
		[build everything with -fsanitize=LIST, for instance thread or address,undefined])], [], [with_sanitizer=])
	AS_IF([test "$with_sanitizer" = no], [with_sanitizer=])
	AS_IF([test -n "$with_sanitizer"], [
		CFLAGS="$CFLAGS -fsanitize=$with_sanitizer -fno-sanitize-recover=all -fno-omit-frame-pointer"
		CXXFLAGS="$CXXFLAGS -fsanitize=$with_sanitizer"
		LDFLAGS="$LDFLAGS -fsanitize=$with_sanitizer"])
	AM_CONDITIONAL([SANITIZED], [test -n "$with_sanitizer"])
])

# What comes before a Python that was not built with the sanitizer, so that it can load what was. Of clang's there is
# none: it is in programs.
AC_DEFUN([AX_TASKPOOL_PYTHON_PRELOAD], [
	AS_CASE([$with_sanitizer], [*address*], [preload=libasan.so], [*thread*], [preload=libtsan.so], [preload=])
	AS_IF([test -n "$preload"], [preload=`$CC -print-file-name=$preload`])
	AS_CASE([$with_sanitizer:`$CC --version`], [:*], [], [*clang*], [reason="not under the sanitizers of clang"])
	AC_SUBST([PYTHON_PRELOAD], [$preload])
])

# The Python of the package in bindings/python: the one that was named; or else the first that can of the one in the
# PATH and the system's. It is called by its own path, since a shim may be another Python elsewhere.
AC_DEFUN([AX_TASKPOOL_PYTHON], [
	AC_REQUIRE([PKG_PROG_PKG_CONFIG])
	AC_ARG_VAR([PYTHON], [a Python >= 3.9 with cffi >= 1.15 and Python.h, for the Python package])
	AC_ARG_WITH([python], [AS_HELP_STRING([--with-python=PATH],
		[build the Python package with PATH; yes: with any; no: not at all; default: if there is a Python for it])],
		[], [with_python=${PYTHON:-auto}])
	AS_CASE([$with_python], [yes|auto], [candidates=${PYTHON:-python3 /usr/bin/python3}], [candidates=$with_python])
	AC_MSG_CHECKING([for a Python with cffi and Python.h])
	answer= reason=
	AX_TASKPOOL_PYTHON_PRELOAD
	AS_IF([test "$enable_shared" = no], [reason="not without the shared library"])
	AS_IF([test -z "$PKG_CONFIG"], [reason="not without pkg-config"])
	AS_IF([test "$with_python" = no], [reason="--without-python"])
	AS_IF([test -z "$reason"], [for candidate in $candidates; do
		AS_IF([command -v "$candidate" >/dev/null], [
			answer=`"$candidate" "$srcdir/bindings/python/probe.py" 2>&1` && break], [answer="not found"])
		reason="$reason${reason:+; }$candidate: `AS_ECHO(["$answer"]) | sed -n '$p'`"
		answer=
	done])
	PYTHON= taskpool_python="no ($reason)"
	AS_IF([test -n "$answer"], [set dummy $answer
		PYTHON=$[2] PYTHON_CPPFLAGS="-isystem $[3]" taskpool_python="$[2] ($[4], cffi $[5])"])
	AC_MSG_RESULT([$taskpool_python])
	AS_CASE([$with_python:$PYTHON], [no:|auto:], [], [*:], [AC_MSG_ERROR([the Python package cannot be built: $reason])])
	AC_SUBST([PYTHON_CPPFLAGS])
	AM_CONDITIONAL([HAVE_PYTHON], [test -n "$PYTHON"])
])
