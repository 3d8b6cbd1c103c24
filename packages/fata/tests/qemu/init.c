/* The guest of these tests: does what the word `do=` on the kernel command line says. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/reboot.h>
#include <sys/socket.h>
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

static void set_address(int control, const char *interface, const char *address)
{
    struct ifreq request = {0};
    struct sockaddr_in *in = (struct sockaddr_in *)&request.ifr_addr;
    strcpy(request.ifr_name, interface);
    in->sin_family = AF_INET;
    inet_pton(AF_INET, address, &in->sin_addr);
    if (ioctl(control, SIOCSIFADDR, &request) < 0)
        end("fata: exit 69 no network\n");
    inet_pton(AF_INET, "255.255.255.0", &in->sin_addr);
    ioctl(control, SIOCSIFNETMASK, &request);
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    ioctl(control, SIOCSIFFLAGS, &request);
}

static void serve(void)
{
    const char *answer = "HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(80)};
    char request[2048];
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    set_address(listener, "eth0", "10.0.2.15");
    bind(listener, (struct sockaddr *)&any, sizeof any);
    listen(listener, 16);
    say("listening\n");
    for (;;) {
        int connection = accept(listener, 0, 0);
        if (read(connection, request, sizeof request) > 0 &&
            write(connection, answer, strlen(answer)) < 0)
            say("lost a client\n");
        close(connection);
    }
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
    if (!strcmp(what, "doze")) {
        say("dozing\n");
        for (int nap = 0; nap < 100; nap++)
            usleep(2000);
        end("fata: exit 0\n");
    }
    if (!strcmp(what, "serve"))
        serve();
    if (!strcmp(what, "wait")) {
        own_the_console();
        signal(SIGINT, interrupted);
        say("waiting\n");
        for (;;)
            pause();
    }
    if (!strcmp(what, "ready")) {
        int bit = 0x2000; /* TIOCM_OUT1, of the kernel's own headers */
        own_the_console();
        signal(SIGINT, interrupted);
        ioctl(0, TIOCMBIS, &bit);
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
