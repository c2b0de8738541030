/* LD_PRELOAD: fresh memory is all ones, a NaN in every format of floating numbers, so that whoever
 * reads what he has not written finds no lucky zero. calloc is left alone. glibc. */
#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <stddef.h>
#include <string.h>

extern void *__libc_malloc(size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

static void *filled(void *block, size_t size) { return block ? memset(block, 0xff, size) : block; }

void *malloc(size_t size) { return filled(__libc_malloc(size), size); }
void *memalign(size_t boundary, size_t size) { return filled(__libc_memalign(boundary, size), size); }
void *aligned_alloc(size_t boundary, size_t size) { return memalign(boundary, size); }
int posix_memalign(void **block, size_t boundary, size_t size) {
  void *found = memalign(boundary, size);
  if (!found) return ENOMEM;
  *block = found;
  return 0;
}
void *realloc(void *block, size_t size) {
  const size_t held = block ? malloc_usable_size(block) : 0;
  char *found = __libc_realloc(block, size);
  if (found && size > held) memset(found + held, 0xff, size - held);
  return found;
}
