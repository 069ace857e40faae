/* Faults in the calls that SQLite makes on the database's files, for injector.py.
 *
 * Loaded with LD_PRELOAD. `arco_arm(n, action, forever)` lets the n-th call from now on that writes, syncs or cuts a
 * file whose name has "arco.db" in it fail (or all from the n-th on, with `forever`), or kills the process before it,
 * or in the middle of it. `arco_calls()` says how many there were.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum { NOTHING, KILL, TORN, NO_SPACE, IO_ERROR, TOO_BIG };

static long armed_at = -1, calls = 0;
static int armed_action = NOTHING, armed_forever = 0;

void arco_arm(long at, int action, int forever) {
    armed_at = at;
    armed_action = action;
    armed_forever = forever;
    calls = 0;
}

long arco_calls(void) { return calls; }

static int concerned(int fd) {
    char link[64], name[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, name, sizeof name - 1);
    if (length < 0) return 0;
    name[length] = 0;
    return strstr(name, "arco.db") != NULL;
}

/* What to do about this call: NOTHING, or the action that is armed. */
static int next_action(int fd) {
    if (!concerned(fd)) return NOTHING;
    calls++;
    if (armed_at < 0 || calls < armed_at || (calls > armed_at && !armed_forever)) return NOTHING;
    if (armed_action == KILL) raise(SIGKILL);
    return armed_action;
}

static int failing(int action) {
    switch (action) {
        case NO_SPACE: errno = ENOSPC; return 1;
        case IO_ERROR: errno = EIO; return 1;
        case TOO_BIG: errno = EFBIG; return 1;
        default: return 0;
    }
}

#define WRITER(NAME, PARAMETERS, ARGUMENTS, HALF)                              \
    ssize_t NAME PARAMETERS {                                                  \
        static ssize_t (*real) PARAMETERS;                                     \
        if (!real) real = dlsym(RTLD_NEXT, #NAME);                             \
        int action = next_action(fd);                                          \
        if (failing(action)) return -1;                                        \
        if (action == TORN) {                                                  \
            real HALF;                                                         \
            raise(SIGKILL);                                                    \
        }                                                                      \
        return real ARGUMENTS;                                                 \
    }

WRITER(write, (int fd, const void *data, size_t size), (fd, data, size), (fd, data, size / 2))
WRITER(pwrite, (int fd, const void *data, size_t size, off_t at), (fd, data, size, at), (fd, data, size / 2, at))
WRITER(pwrite64, (int fd, const void *data, size_t size, off64_t at), (fd, data, size, at), (fd, data, size / 2, at))

#define SYNCER(NAME, PARAMETERS, ARGUMENTS)                                    \
    int NAME PARAMETERS {                                                      \
        static int (*real) PARAMETERS;                                         \
        if (!real) real = dlsym(RTLD_NEXT, #NAME);                             \
        int action = next_action(fd);                                          \
        if (action == TORN) raise(SIGKILL);                                    \
        if (failing(action)) return -1;                                        \
        return real ARGUMENTS;                                                 \
    }

SYNCER(fsync, (int fd), (fd))
SYNCER(fdatasync, (int fd), (fd))
SYNCER(ftruncate, (int fd, off_t size), (fd, size))
SYNCER(ftruncate64, (int fd, off64_t size), (fd, size))
