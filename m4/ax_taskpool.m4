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
