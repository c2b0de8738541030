/* LD_PRELOAD: something happens at a place in the program, not at a time. For a file whose last part of the path fits
 * the pattern STRIKE_TO, the STRIKE_AT-th time in this process (1), at
 *   STRIKE_ON=rename   after it got that name
 *   STRIKE_ON=unnamed  just before it would get it
 *   STRIKE_ON=create   after it was made
 *   STRIKE_ON=read     before bytes of it are read
 * this process gets the signal STRIKE_SIGNAL, or, where that is "halve", the file loses its second half. Where STRIKE_NOTE
 * is given, only the first process of all gets there: it writes its number to that new file. glibc. */
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
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static int waits_for(const char *on) {
  const char *where = getenv("STRIKE_ON");
  return where && strcmp(where, on) == 0;
}

static void strike(const char *on, const char *path) {
  static long times = 0;
  const char *name = getenv("STRIKE_TO"), *at = getenv("STRIKE_AT"), *what = getenv("STRIKE_SIGNAL"),
             *note = getenv("STRIKE_NOTE"), *slash = strrchr(path, '/');
  struct stat file;
  if (!name || !what || !waits_for(on)) return;
  if (fnmatch(name, slash ? slash + 1 : path, 0) != 0 || ++times != (at ? atol(at) : 1)) return;
  const int before = errno;
  if (note) {
    FILE *to = fopen(note, "wx");
    if (!to) {
      errno = before;
      return;
    }
    fprintf(to, "%ld\n", (long)getpid());
    fclose(to);
  }
  if (strcmp(what, "halve") != 0)
    kill(getpid(), atoi(what));
  else if (stat(path, &file) || truncate(path, file.st_size / 2))
    perror("strike");
  errno = before;
}

static void strike_reader(int file) {
  char link[64], path[4096];
  if (!waits_for("read")) return;
  snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  const ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return;
  path[length] = '\0';
  strike("read", path);
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int rename(const char *from, const char *to) {
  strike("unnamed", to);
  const int result = NEXT(rename)(from, to);
  if (result == 0) strike("rename", to);
  return result;
}

#define OPEN(name)                                              \
  int name(const char *path, int flags, ...) {                  \
    mode_t mode = 0;                                            \
    if (flags & (O_CREAT | __O_TMPFILE)) {                      \
      va_list rest;                                             \
      va_start(rest, flags);                                    \
      mode = va_arg(rest, mode_t);                              \
      va_end(rest);                                             \
    }                                                           \
    const int file = NEXT(name)(path, flags, mode);             \
    if (file >= 0 && (flags & O_CREAT)) strike("create", path); \
    return file;                                                \
  }
OPEN(open)
OPEN(open64)

ssize_t read(int file, void *to, size_t size) {
  strike_reader(file);
  return NEXT(read)(file, to, size);
}
ssize_t pread(int file, void *to, size_t size, off_t from) {
  strike_reader(file);
  return NEXT(pread)(file, to, size, from);
}
ssize_t pread64(int file, void *to, size_t size, off64_t from) {
  strike_reader(file);
  return NEXT(pread64)(file, to, size, from);
}
