/* Process 1 of the tests: loads the modules in /modules in name order, says what it sees, ends. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/syscall.h>
#include <unistd.h>

static int visible(const struct dirent *entry) { return entry->d_name[0] != '.'; }

static void each(const char *directory, void (*action)(const char *, const char *)) {
    struct dirent **names;
    int count = scandir(directory, &names, visible, alphasort);
    for (int index = 0; index < count; index++) action(directory, names[index]->d_name);
}

static void load(const char *directory, const char *name) {
    char path[512];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    if (syscall(SYS_finit_module, open(path, O_RDONLY), "", 0) != 0) perror(path);
}

static void say(const char *directory, const char *name) { printf("%s/%s\n", directory, name); }

int main(void) {
    mount("proc", "/proc", "proc", 0, NULL);
    mount("sysfs", "/sys", "sysfs", 0, NULL);
    each("/modules", load);
    each("/sys/class/net", say);
    each("/sys/class/block", say);
    FILE *file = fopen("/sys/class/misc/hw_random/rng_available", "r");
    char line[256] = "";
    if (file && fgets(line, sizeof line, file)) printf("rng %s", line);
    puts("process 1 is done");
    fflush(stdout);
    reboot(RB_AUTOBOOT);
    return 1;
}
