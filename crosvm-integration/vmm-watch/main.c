// SPDX-License-Identifier: GPL-2.0-only
/*
 * vmm-watch: run a VMM as long as its guest makes progress, and leave no process behind.
 *
 * A limit in seconds would be too short on a busy machine. A limit in CPU time means nothing in a
 * virtual machine, where CPU clocks advance while the host runs something else. So the limit is
 * the time without new output, in seconds of the machine at its fastest.
 */

#ifdef __x86_64__
#include <cpuid.h>
#endif
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mockgpu_version.h"
#include "option.h"
#include "watch.h"

const char *argp_program_version = "vmm-watch " MOCKGPU_VERSION;

static const char doc[] =
	"Runs COMMAND, a VMM, and ends it with all its descendants when its guest\n"
	"makes no more progress, at SIGTERM, SIGINT and SIGHUP, and when the caller\n"
	"ends.\n"
	"\vSECONDS are those of an idle machine: while the machine is slower, which is\n"
	"measured, they are longer.\n"
	"\n"
	"Exit status: COMMAND's, 128 and its signal; 124 at a limit; 125 could not\n"
	"work.";

static const struct argp_option option_list[] = {
	{ "vmm-log", 'v', "FILE", 0, "file for the output of the VMM", 0 },
	{ "guest-log", 'g', "FILE", 0, "file with the guest's console", 0 },
	{ "report", 'r', "FILE", 0,
	  "gets a line 'fault: ...' when the VMM did not end\n"
	  "by itself or left processes, and a line 'time:\n"
	  "...'", 0 },
	{ "quiet", 'q', "SECONDS", 0, "longest time without new output (default 120)", 0 },
	{ "whole", 'w', "SECONDS", 0, "longest time in total (default 1200)", 0 },
	{ "end-on", 'e', "REGEX", 0,
	  "end the VMM when it prints a line that matches this\n"
	  "extended regular expression", 0 },
	{ "machine", 'm', NULL, 0,
	  "print what emulates this machine, by CPUID, or 'none'", 0 },
	{}
};

enum { STATUS_LIMIT = 124, STATUS_FAILED = 125, STATUS_SIGNAL = 128 };

/*
 * Seconds between two checks, and those that a process has to end after SIGTERM or after the VMM:
 * these, too, are seconds of the machine at its fastest.
 */
#define LOOK 0.5
#define PATIENCE 5.0

struct watch {
	struct words vmm_log;
	struct words guest_log;
	const char *report;
	double quiet;
	double whole;
	char **command;

	pid_t vmm;
	double began;
	double heard;		/* time of the last output */
	double silence;		/* the longest time without output */
	struct pace here;	/* since then */
	struct pace all;
	struct counters then;	/* KVM's counters since a guest is silent */
	bool silent;
	char fault[1024];
};

static void die(const char *what, const char *why)
{
	fprintf(stderr, "vmm-watch: %s: %s\n", what, why);
	exit(STATUS_FAILED);
}

static void print_machine(void)
{
	union {
		unsigned int words[3];
		char text[13];
	} name = { .text = "" };
#ifdef __x86_64__
	unsigned int a, b, c, d;

	if (__get_cpuid(1, &a, &b, &c, &d) && c & 1u << 31)
		__cpuid(0x40000000, a, name.words[0], name.words[1], name.words[2]);
#endif
	puts(*name.text ? name.text : "none");
}

/* Fractions are allowed. */
static error_t parse_seconds(const struct argp_state *state, const char *text, double *seconds)
{
	char *end;

	*seconds = strtod(text, &end);
	if (*end || end == text || !(*seconds > 0 && *seconds < 1e9))
		return option_refuse(state, "'%s': not a number of seconds", text);
	return 0;
}

/* It is in use until the program ends. */
static error_t parse_end_on(const struct argp_state *state, const char *text, struct words *log)
{
	static regex_t wanted;

	if (regcomp(&wanted, text, REG_EXTENDED | REG_NOSUB))
		return option_refuse(state, "'%s': not a regular expression", text);
	log->wanted = &wanted;
	return 0;
}

static error_t parse_option(int key, char *text, struct argp_state *state)
{
	struct watch *watch = state->input;

	switch (key) {
	case 'v':
		watch->vmm_log.path = text;
		return 0;
	case 'g':
		watch->guest_log.path = text;
		return 0;
	case 'r':
		watch->report = text;
		return 0;
	case 'q':
		return parse_seconds(state, text, &watch->quiet);
	case 'w':
		return parse_seconds(state, text, &watch->whole);
	case 'e':
		return parse_end_on(state, text, &watch->vmm_log);
	case 'm':
		print_machine();
		exit(0);
	case ARGP_KEY_ARG:
		/* All further arguments belong to the command. */
		watch->command = state->argv + state->next - 1;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_END:
		if (watch->command && watch->vmm_log.path && watch->guest_log.path && watch->report)
			return 0;
		return option_refuse(state,
				     "--vmm-log, --guest-log, --report or COMMAND is missing");
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* In the child: run the VMM, which must not outlive this process. */
static void exec_vmm(const struct watch *watch, const sigset_t *signals)
{
	char **command = watch->command;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	if (!freopen("/dev/null", "r", stdin) || !freopen(watch->vmm_log.path, "a", stdout) ||
	    !freopen(watch->vmm_log.path, "a", stderr))
		_exit(STATUS_FAILED);
	sigprocmask(SIG_UNBLOCK, signals, NULL);
	execvp(command[0], command);
	fprintf(stderr, "%s: %s\n", command[0], strerror(errno));
	_exit(127);
}

static void start(struct watch *watch, const sigset_t *signals)
{
	pid_t caller = getppid();

	sigprocmask(SIG_BLOCK, signals, NULL);
	if (prctl(PR_SET_PDEATHSIG, SIGTERM) || getppid() != caller)
		die("the caller", "gone already");
	if (family_adopt())
		die("prctl", strerror(errno));
	watch->vmm = fork();
	if (watch->vmm < 0)
		die("fork", strerror(errno));
	if (!watch->vmm)
		exec_vmm(watch, signals);
	/* Also here: either process may be first. */
	setpgid(watch->vmm, watch->vmm);
	watch->began = pace_now();
	watch->heard = watch->began;
}

static double longer(double a, double b)
{
	return a > b ? a : b;
}

/* Describe a guest that makes no progress. */
static void tell_fault(struct watch *watch, double now, double slowness)
{
	FILE *fault = fmemopen(watch->fault, sizeof(watch->fault), "w");
	struct counters counters;

	if (!fault)
		die("fmemopen", strerror(errno));
	fprintf(fault, "ended after %.0f s, the last %.0f of them without a word,",
		now - watch->began, now - watch->heard);
	fprintf(fault, " on a machine %.1f times as slow as at its best;", slowness);
	counters_read(&counters, watch->vmm);
	fputs(" KVM's counters in most of them: ", fault);
	counters_print(&watch->then, &counters, fault);
	fprintf(fault, "; the guest's last words: '%s'; the VMM's: '%s'", watch->guest_log.line,
		watch->vmm_log.line);
	fclose(fault);
}

/* Check the logs and the machine. Return: whether the guest may go on. */
static bool may_go_on(struct watch *watch)
{
	bool guest_spoke = words_read(&watch->guest_log);
	bool vmm_spoke = words_read(&watch->vmm_log);
	double now, slowness;

	pace_measure(&watch->here);
	pace_measure(&watch->all);
	now = pace_now();
	watch->silence = longer(watch->silence, now - watch->heard);
	if (guest_spoke || vmm_spoke) {
		watch->heard = now;
		pace_window(&watch->here);
		watch->silent = false;
		return true;
	}
	/* They are a hundred files: a guest that speaks now and then must not pay for them. */
	if (!watch->silent && now - watch->heard > PATIENCE) {
		counters_read(&watch->then, watch->vmm);
		watch->silent = true;
	}
	slowness = pace_slowness(&watch->here);
	if (now - watch->heard <= watch->quiet * slowness &&
	    now - watch->began <= watch->whole * pace_slowness(&watch->all))
		return true;
	tell_fault(watch, now, slowness);
	return false;
}

/* Wait a while for a signal. Return: its number, or 0. */
static int next_signal(const sigset_t *signals, double seconds)
{
	struct timespec time = { .tv_sec = seconds, .tv_nsec = (seconds - (int)seconds) * 1e9 };
	int signal = sigtimedwait(signals, NULL, &time);

	return signal > 0 ? signal : 0;
}

/*
 * Whether the VMM has ended. It is reaped at the very end, so that its process id cannot be
 * reused before.
 */
static bool has_ended(const struct watch *watch)
{
	siginfo_t info = { 0 };

	return !waitid(P_PID, watch->vmm, &info, WEXITED | WNOHANG | WNOWAIT) && info.si_pid;
}

/* End the VMM if it is still running. Return: its status as a shell reports it. */
static int take_status(const struct watch *watch, const sigset_t *signals, int signal)
{
	double until = pace_now() + PATIENCE * pace_slowness(&watch->all);
	int status;

	if (signal && !has_ended(watch))
		kill(-watch->vmm, signal);
	while (!has_ended(watch) && pace_now() < until)
		next_signal(signals, LOOK);
	if (!has_ended(watch))
		kill(-watch->vmm, SIGKILL);
	while (waitpid(watch->vmm, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : STATUS_SIGNAL + WTERMSIG(status);
}

static void write_report(const struct watch *watch)
{
	FILE *report = fopen(watch->report, "we");

	if (!report)
		die(watch->report, strerror(errno));
	if (*watch->fault)
		fprintf(report, "fault: %s\n", watch->fault);
	fprintf(report, "time: %.0f s, the longest silence %.0f s, ", pace_now() - watch->began,
		watch->silence);
	fprintf(report, "%.1f times as slow as at its best\n", pace_slowness(&watch->all));
	if (fclose(report))
		die(watch->report, strerror(errno));
}

/* Watch the VMM until its end. Return: the exit status. */
static int attend(struct watch *watch, const sigset_t *signals)
{
	char left[256] = "";
	int signal = 0, status;
	bool go_on = true;

	while (!has_ended(watch) && go_on && !watch->vmm_log.is_found) {
		signal = next_signal(signals, LOOK);
		if (signal && signal != SIGCHLD)
			break;
		signal = 0;
		go_on = has_ended(watch) || may_go_on(watch);
	}
	status = take_status(watch, signals, has_ended(watch) ? 0 : SIGTERM);
	if (signal)
		snprintf(watch->fault, sizeof(watch->fault), "ended by signal %d", signal);
	family_end(PATIENCE * pace_slowness(&watch->all), left, sizeof(left));
	if (*left && !*watch->fault)
		snprintf(watch->fault, sizeof(watch->fault), "the VMM left behind: %s", left);
	return go_on ? status : STATUS_LIMIT;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.options = option_list, .parser = parse_option, .doc = doc,
		.args_doc = "COMMAND...",
	};
	struct watch watch = {
		.vmm_log.fd = -1, .guest_log.fd = -1, .quiet = 120, .whole = 1200,
	};
	sigset_t signals;
	int status;

	option_status = STATUS_FAILED;
	option_parse(&argp, argc, argv, ARGP_IN_ORDER, &watch);
	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	start(&watch, &signals);
	status = attend(&watch, &signals);
	write_report(&watch);
	return status;
}
