/* A disk that becomes full: after so many writes below a directory, none succeeds any more. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static char root[PATH_MAX];
static long left = -1; /* writes that still succeed; negative: the disk is never full */
static long refused;

void full_begin(const char *directory, long writes) {
    snprintf(root, sizeof root, "%s/", directory);
    left = writes;
    refused = 0;
}

long full_end(void) {
    left = -1;
    return refused;
}

static int full(const char *path) {
    if (left < 0 || strncmp(path, root, strlen(root)) != 0) return 0;
    if (left > 0) {
        left--;
        return 0;
    }
    refused++;
    errno = ENOSPC;
    return 1;
}

static int full_file(int file) {
    char link[64], path[PATH_MAX];
    struct stat status;
    if (left < 0 || fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return full(path);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int f, const void *b, size_t n) { return full_file(f) ? -1 : REAL(write)(f, b, n); }
ssize_t pwrite(int f, const void *b, size_t n, off_t o) {
    return full_file(f) ? -1 : REAL(pwrite)(f, b, n, o);
}
ssize_t pwrite64(int f, const void *b, size_t n, off64_t o) {
    return full_file(f) ? -1 : REAL(pwrite64)(f, b, n, o);
}
int fallocate64(int f, int m, off64_t o, off64_t n) {
    return full_file(f) ? -1 : REAL(fallocate64)(f, m, o, n);
}
int posix_fallocate64(int f, off64_t o, off64_t n) {
    return full_file(f) ? ENOSPC : REAL(posix_fallocate64)(f, o, n);
}
int mkdir(const char *p, mode_t m) {
    return access(p, F_OK) != 0 && full(p) ? -1 : REAL(mkdir)(p, m);
}
int open64(const char *p, int flags, ...) {
    va_list more;
    va_start(more, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
    va_end(more);
    if (flags & O_CREAT && access(p, F_OK) != 0 && full(p)) return -1;
    return REAL(open64)(p, flags, mode);
}
int open(const char *p, int flags, ...) {
    va_list more;
    va_start(more, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
    va_end(more);
    return open64(p, flags, mode);
}
