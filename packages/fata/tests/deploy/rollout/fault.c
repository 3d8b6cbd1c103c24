/* Between Python and the kernel: what writes below a directory is counted, and one of it fails.
 *
 * Either the disk is full from then on, or the process is killed with SIGKILL before it. No power
 * is cut here, so that nothing waits for the disk. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static char root[PATH_MAX];
static long left = -1; /* of what succeeds; negative: all does */
static long failed;
static int kills;

void fault_begin(const char *directory, long writes, int by_kill) {
    snprintf(root, sizeof root, "%s/", directory);
    left = writes;
    failed = 0;
    kills = by_kill;
}

long fault_end(void) {
    left = -1;
    return failed;
}

/* Of a temporary file, which nobody reads yet, it is all the same after which part it ends. */
static int repeats(const char *path) {
    static char last[PATH_MAX];
    static int times;
    const char *name = strrchr(path, '/') + 1;
    times = strcmp(path, last) == 0 ? times + 1 : 0;
    strcpy(last, path);
    return *name == '.' && times > 1;
}

static int fails(const char *path) {
    if (left < 0 || strncmp(path, root, strlen(root)) != 0) return 0;
    if (left > 0) {
        if (!repeats(path)) left--;
        return 0;
    }
    if (kills) kill(getpid(), SIGKILL);
    failed++;
    errno = ENOSPC;
    return 1;
}

static int named(int file, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return 1;
}

static int fails_file(int file) {
    char path[PATH_MAX];
    struct stat status;
    if (left < 0 || fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) return 0;
    return named(file, path) && fails(path);
}

/* What takes no room succeeds on a full disk; a kill may come before it all the same. */
static void passes(const char *path) {
    if (kills && (access(path, F_OK) == 0)) fails(path);
}

static void passes_at(int folder, const char *name) {
    char path[2 * PATH_MAX] = "";
    if (left < 0 || !kills) return;
    if (name[0] != '/' && folder != AT_FDCWD && named(folder, path)) strcat(path, "/");
    strncat(path, name, PATH_MAX - 1);
    passes(path);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int f, const void *b, size_t n) { return fails_file(f) ? -1 : REAL(write)(f, b, n); }
ssize_t pwrite(int f, const void *b, size_t n, off_t o) {
    return fails_file(f) ? -1 : REAL(pwrite)(f, b, n, o);
}
ssize_t pwrite64(int f, const void *b, size_t n, off64_t o) {
    return fails_file(f) ? -1 : REAL(pwrite64)(f, b, n, o);
}
int fallocate64(int f, int m, off64_t o, off64_t n) {
    return fails_file(f) ? -1 : REAL(fallocate64)(f, m, o, n);
}
int posix_fallocate64(int f, off64_t o, off64_t n) {
    return fails_file(f) ? ENOSPC : REAL(posix_fallocate64)(f, o, n);
}
int mkdir(const char *p, mode_t m) {
    return access(p, F_OK) != 0 && fails(p) ? -1 : REAL(mkdir)(p, m);
}
int open64(const char *p, int flags, ...) {
    va_list more;
    va_start(more, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
    va_end(more);
    if (flags & O_CREAT && access(p, F_OK) != 0 && fails(p)) return -1;
    return REAL(open64)(p, flags, mode);
}
int open(const char *p, int flags, ...) {
    va_list more;
    va_start(more, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0;
    va_end(more);
    return open64(p, flags, mode);
}
int rename(const char *from, const char *to) {
    passes(from);
    return REAL(rename)(from, to);
}
int unlink(const char *p) {
    passes(p);
    return REAL(unlink)(p);
}
int unlinkat(int folder, const char *p, int flags) {
    passes_at(folder, p);
    return REAL(unlinkat)(folder, p, flags);
}
int rmdir(const char *p) {
    passes(p);
    return REAL(rmdir)(p);
}
int ftruncate64(int f, off64_t n) {
    if (kills) fails_file(f);
    return REAL(ftruncate64)(f, n);
}
int fsync(int f) { return fcntl(f, F_GETFD) < 0 ? -1 : 0; }
int fdatasync(int f) { return fsync(f); }
