/* Stands before libc in a process under test and counts what it does to regular
 * files: writes, syncs, renames, truncations. Told by the environment, it lets
 * the N-th of them fail, or all after so many bytes, or kills the process there.
 *
 *   FAULT_AT=N     the N-th operation fails once with FAULT_ERRNO
 *   FAULT_BYTES=B  writes fail with ENOSPC once B bytes have been written
 *   FAULT_KILL=N   SIGKILL in place of the N-th operation
 *   FAULT_COUNT=F  appends the number of operations and of bytes to F at the end
 *
 * Built and used by tests/faults.rs only.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static atomic_long operations, bytes;
static long fail_at, kill_at, room = -1;
static int fail_errno = ENOSPC;
static char *count_to;

static long number(const char *name, long otherwise) {
    const char *text = getenv(name);
    return text ? atol(text) : otherwise;
}

__attribute__((constructor)) static void begin(void) {
    fail_at = number("FAULT_AT", 0);
    kill_at = number("FAULT_KILL", 0);
    room = number("FAULT_BYTES", -1);
    fail_errno = (int)number("FAULT_ERRNO", ENOSPC);
    count_to = getenv("FAULT_COUNT");
}

__attribute__((destructor)) static void end(void) {
    if (!count_to) return;
    FILE *file = fopen(count_to, "a");
    if (!file) return;
    fprintf(file, "%ld %ld\n", (long)operations, (long)bytes);
    fclose(file);
}

static int regular(int fd) {
    struct stat about;
    return fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
}

/* Whether this operation, which writes so many bytes, must fail. */
static int fails(size_t size) {
    long at = atomic_fetch_add(&operations, 1) + 1;
    long before = atomic_fetch_add(&bytes, (long)size);
    if (kill_at && at == kill_at) kill(getpid(), SIGKILL);
    if (fail_at && at == fail_at) {
        errno = fail_errno;
        return 1;
    }
    if (room >= 0 && size > 0 && before + (long)size > room) {
        errno = ENOSPC;
        return 1;
    }
    return 0;
}

#define NEXT(name, type) static __typeof__(type) next; if (!next) next = (__typeof__(type))dlsym(RTLD_NEXT, name)

ssize_t write(int fd, const void *from, size_t size) {
    NEXT("write", ssize_t (*)(int, const void *, size_t));
    return regular(fd) && fails(size) ? -1 : next(fd, from, size);
}
ssize_t pwrite64(int fd, const void *from, size_t size, off64_t at) {
    NEXT("pwrite64", ssize_t (*)(int, const void *, size_t, off64_t));
    return regular(fd) && fails(size) ? -1 : next(fd, from, size, at);
}
ssize_t pwrite(int fd, const void *from, size_t size, off_t at) {
    return pwrite64(fd, from, size, at);
}
static size_t total(const struct iovec *parts, int count) {
    size_t size = 0;
    for (int at = 0; at < count; at++) size += parts[at].iov_len;
    return size;
}
ssize_t writev(int fd, const struct iovec *parts, int count) {
    NEXT("writev", ssize_t (*)(int, const struct iovec *, int));
    return regular(fd) && fails(total(parts, count)) ? -1 : next(fd, parts, count);
}
int fsync(int fd) {
    NEXT("fsync", int (*)(int));
    return fails(0) ? -1 : next(fd);
}
int fdatasync(int fd) {
    NEXT("fdatasync", int (*)(int));
    return fails(0) ? -1 : next(fd);
}
int ftruncate64(int fd, off64_t size) {
    NEXT("ftruncate64", int (*)(int, off64_t));
    return regular(fd) && fails(0) ? -1 : next(fd, size);
}
int ftruncate(int fd, off_t size) {
    return ftruncate64(fd, size);
}
int rename(const char *from, const char *to) {
    NEXT("rename", int (*)(const char *, const char *));
    return fails(0) ? -1 : next(from, to);
}
