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
		# TSan misjudges the size of what __tls_get_addr returns, if that happens to begin a page.
		CFLAGS="$CFLAGS -ftls-model=initial-exec"
		CXXFLAGS="$CXXFLAGS -fsanitize=$with_sanitizer"
		LDFLAGS="$LDFLAGS -fsanitize=$with_sanitizer"])
	AM_CONDITIONAL([SANITIZED], [test -n "$with_sanitizer"])
])

# What comes before an interpreter that was not built with the sanitizer, so that it can load what was. Of clang's there
# is none: it is in programs. And `no_bindings`: why there can be none, or nothing.
AC_DEFUN([AX_TASKPOOL_PRELOAD], [
	AC_REQUIRE([PKG_PROG_PKG_CONFIG])
	AS_CASE([$with_sanitizer], [*address*], [preload=libasan.so], [*thread*], [preload=libtsan.so], [preload=])
	AS_IF([test -n "$preload"], [preload=`$CC -print-file-name=$preload`])
	no_bindings=
	AS_IF([test "$enable_shared" = no], [no_bindings="not without the shared library"])
	AS_IF([test -z "$PKG_CONFIG"], [no_bindings="not without pkg-config"])
	AS_CASE([$with_sanitizer:`$CC --version`], [:*], [], [*clang*], [no_bindings="not under the sanitizers of clang"])
	AC_SUBST([INTERPRETER_PRELOAD], [$preload])
])

# The Python of the package in bindings/python: the one that was named; or else the first that can of the one in the
# PATH and the system's. It is called by its own path, since a shim may be another Python elsewhere.
AC_DEFUN([AX_TASKPOOL_PYTHON], [
	AC_REQUIRE([AX_TASKPOOL_PRELOAD])
	AC_ARG_VAR([PYTHON], [a Python >= 3.9 with cffi >= 1.15 and Python.h, for the Python package])
	AC_ARG_WITH([python], [AS_HELP_STRING([--with-python=PATH],
		[build the Python package with PATH; yes: with any; no: not at all; default: if there is a Python for it])],
		[], [with_python=${PYTHON:-auto}])
	AS_CASE([$with_python], [yes|auto], [candidates=${PYTHON:-python3 /usr/bin/python3}], [candidates=$with_python])
	AC_MSG_CHECKING([for a Python with cffi and Python.h])
	answer= reason=$no_bindings
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

# One Lua: AX_TASKPOOL_ONE_LUA(version, suffix of variables, module of pkg-config). Of its own it takes flags alone: what
# is loaded into a Lua must not link another. Modules go where a Lua looks in /usr/local; in /usr, where its distribution
# has them.
AC_DEFUN([AX_TASKPOOL_ONE_LUA], [
	AS_CASE([,$with_lua,], [*,$1,*|,yes,|,auto,], [
		AS_IF([$PKG_CONFIG --exists $3 && command -v lua$1 >/dev/null], [
			LUAS="$LUAS $1"
			LUA$2_CFLAGS=`$PKG_CONFIG --cflags $3 | sed 's/-I/-isystem /g'`
			LUA$2_LIBS=`$PKG_CONFIG --libs $3`
			LUA$2_CMOD='${prefix}/lib/lua/$1' LUA$2_LMOD='${prefix}/share/lua/$1'
			AS_IF([test "$prefix" = /usr], [LUA$2_CMOD=`$PKG_CONFIG --variable=INSTALL_CMOD $3`])
		], [test "$with_lua" != auto && test "$with_lua" != yes], [AC_MSG_ERROR([no Lua $1 here (lua$1 and $3.pc)])])])
	AC_SUBST([LUA$2_CFLAGS])
	AC_SUBST([LUA$2_LIBS])
	AC_SUBST([LUA$2_CMOD])
	AC_SUBST([LUA$2_LMOD])
	AM_CONDITIONAL([HAVE_LUA$2], [test -n "$LUA$2_CMOD"])
])

# The Luas of the module in bindings/lua. LuaJIT takes that of 5.1, which has the same interface.
AC_DEFUN([AX_TASKPOOL_LUA], [
	AC_REQUIRE([AX_TASKPOOL_PRELOAD])
	AC_ARG_WITH([lua], [AS_HELP_STRING([--with-lua=LIST],
		[build the Lua module for LIST, for instance 5.4,5.3,5.1,jit; yes: for all there are; no: for none; default: yes
		where swig is])], [], [with_lua=auto])
	AC_PATH_PROG([SWIG], [swig])
	AC_PATH_PROG([BUSTED], [busted])
	AS_IF([test -z "$SWIG"], [no_bindings="${no_bindings:-no swig}"])
	AS_CASE([$with_lua:$no_bindings], [no:*|*:], [], [auto:*], [with_lua=no],
		[AC_MSG_ERROR([the Lua module cannot be built: $no_bindings])])
	AS_CASE([,$with_lua,], [*,5.1,*], [], [*,jit,*], [with_lua=5.1,$with_lua])
	LUAS=
	AX_TASKPOOL_ONE_LUA([5.4], [54], [lua5.4])
	AX_TASKPOOL_ONE_LUA([5.3], [53], [lua5.3])
	AX_TASKPOOL_ONE_LUA([5.1], [51], [lua5.1])
	AS_CASE([$HAVE_LUA51_TRUE:,$with_lua,], [:*,jit,*|:,yes,|:,auto,],
		[AS_IF([command -v luajit >/dev/null], [LUAS="$LUAS jit"])])
	LUAS=`AS_ECHO(["$LUAS"]) | sed 's/^ //'`
	taskpool_lua=${LUAS:-no${no_bindings:+ ($no_bindings)}}
	AC_SUBST([LUAS])
	AM_CONDITIONAL([HAVE_LUA], [test -n "$LUAS"])
	AM_CONDITIONAL([HAVE_BUSTED], [test -n "$LUAS" && test -n "$BUSTED"])
])
