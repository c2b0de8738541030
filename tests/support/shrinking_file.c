/* LD_PRELOAD: the file SHRINKS_FILE loses its second half at this process's read number SHRINKS_AT of it, just
 * before those bytes are read. glibc. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static void before_read(int file) {
  static long reads = 0;
  const char *path = getenv("SHRINKS_FILE"), *at = getenv("SHRINKS_AT");
  struct stat read, watched;
  if (!path || !at || fstat(file, &read) || stat(path, &watched)) return;
  if (read.st_ino != watched.st_ino || read.st_dev != watched.st_dev || ++reads != atol(at)) return;
  if (truncate(path, watched.st_size / 2)) perror("shrinking_file");
}

#define FORWARD(name, offset_type)                                                        \
  ssize_t name(int file, void *to, size_t size, offset_type from) {                       \
    static ssize_t (*next)(int, void *, size_t, offset_type) = NULL;                      \
    if (!next) next = (ssize_t(*)(int, void *, size_t, offset_type))dlsym(RTLD_NEXT, #name); \
    before_read(file);                                                                    \
    return next(file, to, size, from);                                                    \
  }
FORWARD(pread, off_t)
FORWARD(pread64, off64_t)

ssize_t read(int file, void *to, size_t size) {
  static ssize_t (*next)(int, void *, size_t) = NULL;
  if (!next) next = (ssize_t(*)(int, void *, size_t))dlsym(RTLD_NEXT, "read");
  before_read(file);
  return next(file, to, size);
}
