/* The guest of these tests: does what the word `do=` on the kernel command line says. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <termios.h>
#include <unistd.h>

static void say(const char *text)
{
    if (write(1, text, strlen(text)) < 0)
        _exit(9);
}

static void end(const char *last)
{
    say(last);
    tcdrain(1); /* what the console driver still holds would be lost */
    reboot(RB_AUTOBOOT);
}

static void interrupted(int number)
{
    (void)number;
    end("shutting down\nfata: exit 130 interrupted\n");
}

static void own_the_console(void)
{
    setsid();
    int console = open("/dev/console", O_RDWR);
    ioctl(console, TIOCSCTTY, 1);
    dup2(console, 0);
    dup2(console, 1);
    dup2(console, 2);
}

int main(int argc, char **argv)
{
    const char *what = getenv("do");
    (void)argc;
    (void)argv;
    what = what ? what : "";
    if (!strcmp(what, "exit7"))
        end("hello\nfata: exit 7 no such volume\n");
    if (!strcmp(what, "die"))
        return 3;
    if (!strcmp(what, "crash"))
        *(volatile int *)0 = 0;
    if (!strcmp(what, "silent"))
        end("");
    if (!strcmp(what, "changed-its-mind"))
        end("fata: exit 0\nTraceback (most recent call last):\n");
    if (!strcmp(what, "flood")) {
        for (int line = 0; line < 2000; line++)
            say("................................................................\n");
        end("fata: exit 0\n");
    }
    if (!strcmp(what, "wait")) {
        own_the_console();
        signal(SIGINT, interrupted);
        say("waiting\n");
        for (;;)
            pause();
    }
    if (!strcmp(what, "deaf")) {
        own_the_console();
        signal(SIGINT, SIG_IGN);
        say("waiting\n");
        for (;;)
            pause();
    }
    end("hello\nfata: exit 0\n");
    return 0;
}
