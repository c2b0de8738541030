/* LD_PRELOAD: a signal at a place in the program, not at a time. STRIKE_SIGNAL is raised in the process itself:
 *   STRIKE_ON=rename   after a file got the name STRIKE_TO, a pattern of the last part of a path
 *   STRIKE_ON=unnamed  just before it would get it
 *   STRIKE_ON=create   after a file of that name was made
 * the STRIKE_AT-th time in this process (1). glibc. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static void strike(const char *on, const char *path) {
  static long times = 0;
  const char *where = getenv("STRIKE_ON"), *name = getenv("STRIKE_TO"), *at = getenv("STRIKE_AT"),
             *number = getenv("STRIKE_SIGNAL"), *slash = strrchr(path, '/');
  if (!where || !name || !number || strcmp(where, on) != 0) return;
  if (fnmatch(name, slash ? slash + 1 : path, 0) != 0 || ++times != (at ? atol(at) : 1)) return;
  const int before = errno;
  kill(getpid(), atoi(number));
  errno = before;
}

int rename(const char *from, const char *to) {
  static int (*next)(const char *, const char *) = NULL;
  if (!next) next = (int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename");
  strike("unnamed", to);
  const int result = next(from, to);
  if (result == 0) strike("rename", to);
  return result;
}

#define OPEN(name)                                                            \
  int name(const char *path, int flags, ...) {                                \
    static int (*next)(const char *, int, ...) = NULL;                        \
    if (!next) next = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #name); \
    mode_t mode = 0;                                                          \
    if (flags & (O_CREAT | __O_TMPFILE)) {                                    \
      va_list rest;                                                           \
      va_start(rest, flags);                                                  \
      mode = va_arg(rest, mode_t);                                            \
      va_end(rest);                                                           \
    }                                                                         \
    const int file = next(path, flags, mode);                                 \
    if (file >= 0 && (flags & O_CREAT)) strike("create", path);               \
    return file;                                                              \
  }
OPEN(open)
OPEN(open64)
