/* Lets `xl -N create -n FILE` read a configuration on a machine that does not run Xen.
 *
 * It stands between xl and the hypervisor and answers what xl asks before it reads: one node of
 * four processors, 4 GiB. With XLCFG_ASKS set it also writes the name of each option that xl
 * asks its parser for, one a line, to that file. It answers nothing about configurations.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *device(const char *path)
{
    return strcmp(path, "/dev/xen/privcmd") ? path : "/dev/null";
}

#define OPEN(name)                                                        \
    int name(const char *path, int flags, ...)                            \
    {                                                                     \
        static int (*real)(const char *, int, ...);                       \
        va_list rest;                                                     \
        va_start(rest, flags);                                            \
        int mode = va_arg(rest, int);                                     \
        va_end(rest);                                                     \
        if (!real)                                                        \
            real = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #name); \
        return real(device(path), flags, mode);                           \
    }
OPEN(open)
OPEN(open64)

struct physinfo {
    uint32_t threads_per_core, cores_per_socket, cpus, max_cpu, nodes, max_node, khz;
    uint32_t capabilities, arch, pad;
    uint64_t total, unused, scrub, outstanding, max_mfn;
    uint32_t features[8];
};

int xc_physinfo(void *handle, struct physinfo *info)
{
    memset(info, 0, sizeof *info);
    info->threads_per_core = 1;
    info->cores_per_socket = info->cpus = 4;
    info->max_cpu = 3;
    info->nodes = 1;
    info->khz = 2500000;
    info->capabilities = 0x1 | 0x2 | 0x8;
    info->total = info->unused = 4 << 18;
    info->max_mfn = 8 << 18;
    return 0;
}

int xc_version(void *handle, int what, void *answer)
{
    static const int sizes[] = {0, 16, 144, 1024, 64, 8, 0, 0, 16, 1024};
    if (what == 0)
        return 4 << 16 | 17;
    if (what == 7)
        return 4096;
    if (what == 10)
        return -1;
    if (answer && what > 0 && what < 10)
        memset(answer, 0, sizes[what]);
    return 0;
}

int xc_get_max_cpus(void *handle) { return 4; }
int xc_get_max_nodes(void *handle) { return 1; }
long xc_sharing_freed_pages(void *handle) { return 0; }
long xc_sharing_used_frames(void *handle) { return 0; }
void *xs_open(unsigned long flags) { static int connection; return &connection; }
void xs_close(void *connection) {}

static void asks(const char *name)
{
    const char *path = getenv("XLCFG_ASKS");
    FILE *file = path ? fopen(path, "a") : NULL;
    if (file) {
        fprintf(file, "%s\n", name);
        fclose(file);
    }
}

#define ASK3(function)                                                           \
    int function(const void *config, const char *name, void *value, int quiet)   \
    {                                                                            \
        int (*real)(const void *, const char *, void *, int) =                   \
            (int (*)(const void *, const char *, void *, int))dlsym(RTLD_NEXT, #function); \
        asks(name);                                                              \
        return real(config, name, value, quiet);                                 \
    }
ASK3(xlu_cfg_get_string)
ASK3(xlu_cfg_replace_string)
ASK3(xlu_cfg_get_long)
ASK3(xlu_cfg_get_defbool)
ASK3(xlu_cfg_get_list_as_string_list)

int xlu_cfg_get_bounded_long(const void *config, const char *name, long low, long high,
                             long *value, int quiet)
{
    int (*real)(const void *, const char *, long, long, long *, int) =
        (int (*)(const void *, const char *, long, long, long *, int))
            dlsym(RTLD_NEXT, "xlu_cfg_get_bounded_long");
    asks(name);
    return real(config, name, low, high, value, quiet);
}

int xlu_cfg_get_list(const void *config, const char *name, void *list, int *count, int quiet)
{
    int (*real)(const void *, const char *, void *, int *, int) =
        (int (*)(const void *, const char *, void *, int *, int))
            dlsym(RTLD_NEXT, "xlu_cfg_get_list");
    asks(name);
    return real(config, name, list, count, quiet);
}
