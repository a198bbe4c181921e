// Runs a program and makes one of its system calls fail: `inject ROOT REPORT FAULT K PROGRAM ARGUMENTS…`.
//
// Only calls on files below ROOT count (memory and random numbers have no file: there every call counts once the program has looked at
// such a file). The K-th call that FAULT applies to gets the fault, all others go through. REPORT gets `hit CALL PATH`, or `count N` if
// there were fewer than K. It works on system calls, below every library: nothing that the program does to a file escapes it.

#define _GNU_SOURCE
#include <asm/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef __x86_64__
#error "the registers of another processor have other names"
#endif

// What a call does.
enum { READ = 1, WRITE = 2, OPEN = 4, MAKE = 8, NAME = 16, GO = 32, SYNC = 64, LOOK = 128, SIZE = 256, LOCK = 512, LIST = 1024,
       MEMORY = 2048, RANDOM = 4096, MODE = 8192, MAP = 16384 };
#define CHANGES (WRITE | MAKE | NAME | GO | SIZE | MODE | SYNC)

struct call { long number; const char *name; int does; int path; int fd; };

// `path` and `fd` are the argument's number plus one; a path is relative to the folder `fd`, if both are there.
static const struct call CALLS[] = {
	{ __NR_read, "read", READ, 0, 1 }, { __NR_pread64, "pread", READ, 0, 1 }, { __NR_readv, "readv", READ, 0, 1 },
	{ __NR_write, "write", WRITE, 0, 1 }, { __NR_pwrite64, "pwrite", WRITE, 0, 1 }, { __NR_writev, "writev", WRITE, 0, 1 },
	{ __NR_copy_file_range, "copy_file_range", WRITE, 0, 3 }, { __NR_sendfile, "sendfile", WRITE, 0, 1 },
	{ __NR_open, "open", OPEN, 1, 0 }, { __NR_openat, "openat", OPEN, 2, 1 }, { __NR_openat2, "openat2", OPEN, 2, 1 },
	{ __NR_mkdir, "mkdir", MAKE, 1, 0 }, { __NR_mkdirat, "mkdirat", MAKE, 2, 1 },
	{ __NR_link, "link", NAME, 2, 0 }, { __NR_linkat, "linkat", NAME, 4, 3 },
	{ __NR_symlink, "symlink", MAKE, 2, 0 }, { __NR_symlinkat, "symlinkat", MAKE, 3, 2 },
	{ __NR_rename, "rename", NAME, 2, 0 }, { __NR_renameat, "renameat", NAME, 4, 3 }, { __NR_renameat2, "renameat2", NAME, 4, 3 },
	{ __NR_unlink, "unlink", GO, 1, 0 }, { __NR_unlinkat, "unlinkat", GO, 2, 1 }, { __NR_rmdir, "rmdir", GO, 1, 0 },
	{ __NR_fsync, "fsync", SYNC, 0, 1 }, { __NR_fdatasync, "fdatasync", SYNC, 0, 1 },
	{ __NR_stat, "stat", LOOK, 1, 0 }, { __NR_lstat, "lstat", LOOK, 1, 0 }, { __NR_fstat, "fstat", LOOK, 0, 1 },
	{ __NR_newfstatat, "newfstatat", LOOK, 2, 1 }, { __NR_statx, "statx", LOOK, 2, 1 }, { __NR_access, "access", LOOK, 1, 0 },
	{ __NR_faccessat2, "faccessat2", LOOK, 2, 1 },
	{ __NR_ftruncate, "ftruncate", SIZE, 0, 1 }, { __NR_truncate, "truncate", SIZE, 1, 0 }, { __NR_fallocate, "fallocate", SIZE, 0, 1 },
	{ __NR_flock, "flock", LOCK, 0, 1 }, { __NR_getdents64, "getdents64", LIST, 0, 1 },
	{ __NR_chmod, "chmod", MODE, 1, 0 }, { __NR_fchmod, "fchmod", MODE, 0, 1 }, { __NR_fchmodat, "fchmodat", MODE, 2, 1 },
	{ __NR_getrandom, "getrandom", RANDOM, 0, 0 }, { __NR_mmap, "mmap", MEMORY, 0, 0 }, { __NR_brk, "brk", MEMORY, 0, 0 },
	{ __NR_mremap, "mremap", MEMORY, 0, 0 },
};

enum action { FAIL, SHORTEN, END, KILL };
// An opening counts as a change if it may make or change a file.
#define CREATE (1 << 20)

struct fault { const char *name; int on; enum action action; int value; };

static const struct fault FAULTS[] = {
	{ "no-space", WRITE | MAKE | NAME | SYNC | SIZE | CREATE, FAIL, ENOSPC },
	{ "read-error", READ | LIST | LOOK, FAIL, EIO },
	{ "write-error", WRITE, FAIL, EIO },
	{ "sync-error", SYNC, FAIL, EIO },
	{ "rename-error", NAME, FAIL, EIO },
	{ "no-rename", NAME, FAIL, EXDEV },
	{ "short-read", READ, SHORTEN, 1 },
	{ "short-write", WRITE, SHORTEN, 1 },
	{ "cut-off", READ, END, 0 },
	{ "interrupted", READ | WRITE | OPEN | SYNC | SIZE | LOCK, FAIL, EINTR },
	{ "too-many-files", OPEN, FAIL, EMFILE },
	{ "permission-lost", OPEN | MAKE | NAME | GO | LOOK | MODE, FAIL, EACCES },
	{ "read-only", CREATE | MAKE | NAME | GO | MODE | SIZE, FAIL, EROFS },
	{ "no-locks", LOCK, FAIL, ENOLCK },
	{ "no-memory", MEMORY, FAIL, ENOMEM },
	{ "no-random", RANDOM, FAIL, EIO },
	{ "killed", CHANGES | CREATE, KILL, SIGKILL },
	{ "terminated", CHANGES | CREATE, KILL, SIGTERM },
};

struct thread { pid_t id; bool faulted; long answer; };

static struct thread threads[256];
static char root[PATH_MAX];
static const struct fault *fault;
static long wanted, counted;
static bool armed, done;
static const char *report;

static void stop(const char *why)
{
	perror(why);
	exit(125);
}

static void tell(const char *first, const char *second)
{
	FILE *file = fopen(report, "w");
	if (!file || fprintf(file, "%s %s\n", first, second) < 0 || fclose(file) != 0) stop(report);
}

static struct thread *thread_of(pid_t id)
{
	struct thread *unused = NULL;
	for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
		if (threads[i].id == id) return &threads[i];
		if (!threads[i].id && !unused) unused = &threads[i];
	}
	if (!unused) { errno = EAGAIN; stop("too many threads"); }
	*unused = (struct thread){ .id = id };
	return unused;
}

static void text_at(pid_t id, unsigned long long address, char *text)
{
	for (size_t i = 0; i < PATH_MAX - 1; i++) {
		struct iovec here = { text + i, 1 }, there = { (void *)(uintptr_t)(address + i), 1 };
		if (process_vm_readv(id, &here, 1, &there, 1, 0) != 1) { text[i] = 0; return; }
		if (!text[i]) return;
	}
	text[PATH_MAX - 1] = 0;
}

static void link_of(pid_t id, const char *what, char *text)
{
	char name[64];
	snprintf(name, sizeof name, "/proc/%d/%s", id, what);
	ssize_t length = readlink(name, text, PATH_MAX - 1);
	text[length < 0 ? 0 : length] = 0;
}

// The file that a call is about.
static void path_of(pid_t id, const struct call *call, const uint64_t *args, char *text)
{
	char name[PATH_MAX] = "", folder[PATH_MAX] = "", fd[32];
	if (call->path) text_at(id, args[call->path - 1], name);
	if (call->path && name[0] == '/') { strcpy(text, name); return; }
	if (call->fd && (int)args[call->fd - 1] >= 0) snprintf(fd, sizeof fd, "fd/%d", (int)args[call->fd - 1]);
	else strcpy(fd, "cwd");
	link_of(id, fd, folder);
	if (name[0]) snprintf(text, PATH_MAX, "%.2000s/%.2000s", folder, name);
	else strcpy(text, folder);
}

static int does(const struct call *call, const uint64_t *args)
{
	if (call->does == OPEN) {
		int flags = call->number == __NR_open ? (int)args[1] : (int)args[2];
		return (flags & O_ACCMODE) != O_RDONLY || flags & O_CREAT ? OPEN | CREATE : OPEN;
	}
	return call->does;
}

// At the entry of a call: counts it, and gives the fault if it is its turn.
static void enter(struct thread *thread, const struct __ptrace_syscall_info *info)
{
	thread->faulted = false;
	const struct call *call = NULL;
	for (size_t i = 0; i < sizeof CALLS / sizeof *CALLS && !call; i++)
		if ((uint64_t)CALLS[i].number == info->entry.nr) call = &CALLS[i];
	if (!call || done) return;
	char path[PATH_MAX] = "-";
	bool fileless = call->does & (MEMORY | RANDOM);
	if (fileless && !armed) return;
	if (!fileless) {
		path_of(thread->id, call, info->entry.args, path);
		if (strncmp(path, root, strlen(root)) != 0) return;
		armed = true;
	}
	if (call->number == __NR_brk && info->entry.args[0] == 0) return;
	// Where hash tables begin is no secret: the standard library asks for that with flags, and keys are asked for with none.
	if (call->number == __NR_getrandom && info->entry.args[2] != 0) return;
	if (!(does(call, info->entry.args) & fault->on)) return;
	if (++counted != wanted) return;
	done = true;
	char what[PATH_MAX + 64];
	snprintf(what, sizeof what, "%s %s", call->name, fileless ? path : path + strlen(root));
	tell("hit", what);
	struct user_regs_struct registers;
	if (fault->action == KILL) {
		if (kill(thread->id, fault->value)) stop("kill");
		// SIGKILL ends it here; before another signal arrives the call must not run.
		if (fault->value == SIGKILL) return;
	}
	if (ptrace(PTRACE_GETREGS, thread->id, 0, &registers)) stop("registers");
	if (fault->action == SHORTEN && registers.rdx > 1 && call->fd == 1) registers.rdx = (unsigned long long)fault->value;
	if (fault->action == END) registers.rdx = 0;
	if (fault->action == FAIL || fault->action == KILL) {
		registers.orig_rax = (unsigned long long)-1;
		thread->faulted = true;
		thread->answer = fault->action == KILL ? -EINTR : -fault->value;
		// This call answers with the break that it could not move.
		if (call->number == __NR_brk) thread->answer = 0;
	}
	if (ptrace(PTRACE_SETREGS, thread->id, 0, &registers)) stop("registers");
}

static void leave(struct thread *thread)
{
	if (!thread->faulted) return;
	struct user_regs_struct registers;
	if (ptrace(PTRACE_GETREGS, thread->id, 0, &registers)) return;
	registers.rax = (unsigned long long)thread->answer;
	thread->faulted = false;
	if (ptrace(PTRACE_SETREGS, thread->id, 0, &registers)) stop("registers");
}

int main(int argc, char **argv)
{
	if (argc < 6 || !realpath(argv[1], root)) stop("inject ROOT REPORT FAULT K PROGRAM ARGUMENTS");
	report = argv[2];
	for (size_t i = 0; i < sizeof FAULTS / sizeof *FAULTS; i++)
		if (strcmp(FAULTS[i].name, argv[3]) == 0) fault = &FAULTS[i];
	if (!fault) { errno = EINVAL; stop(argv[3]); }
	wanted = strtol(argv[4], NULL, 10);

	pid_t first = fork();
	if (first < 0) stop("fork");
	if (first == 0) {
		if (ptrace(PTRACE_TRACEME, 0, 0, 0)) stop("ptrace");
		raise(SIGSTOP);
		execv(argv[5], argv + 5);
		stop(argv[5]);
	}
	int status;
	if (waitpid(first, &status, 0) < 0) stop("wait");
	long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC |
	               PTRACE_O_EXITKILL;
	if (ptrace(PTRACE_SETOPTIONS, first, 0, options)) stop("options");
	if (ptrace(PTRACE_SYSCALL, first, 0, 0)) stop("go");
	int end = 125;
	for (;;) {
		pid_t id = waitpid(-1, &status, __WALL);
		if (id < 0) { if (errno == EINTR) continue; if (errno == ECHILD) break; stop("wait"); }
		struct thread *thread = thread_of(id);
		if (!WIFSTOPPED(status)) {
			if (id == first) end = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
			thread->id = 0;
			continue;
		}
		int signal = WSTOPSIG(status);
		if (signal == (SIGTRAP | 0x80)) {
			struct __ptrace_syscall_info info;
			if (ptrace(PTRACE_GET_SYSCALL_INFO, id, sizeof info, &info) > 0) {
				if (info.op == PTRACE_SYSCALL_INFO_ENTRY) enter(thread, &info);
				else if (info.op == PTRACE_SYSCALL_INFO_EXIT) leave(thread);
			}
			signal = 0;
		} else if (signal == SIGTRAP || signal == SIGSTOP) {
			signal = 0;
		}
		if (ptrace(PTRACE_SYSCALL, id, 0, signal) && errno != ESRCH) stop("go on");
	}
	if (!done) {
		char number[32];
		snprintf(number, sizeof number, "%ld", counted);
		tell("count", number);
	}
	return end;
}
