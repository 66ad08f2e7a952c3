/*
 * cpu_limit.h - for tests that something does not take time with the square of its input: a limit
 * of the processor's time, which a busy machine does not use up.
 */
#ifndef TEST_CPU_LIMIT_H
#define TEST_CPU_LIMIT_H

#include <criterion/criterion.h>
#include <sys/resource.h>

/* The test, which Criterion runs in a process of its own, dies of SIGXCPU when it has used as much.
 */
static inline void limit_cpu(rlim_t seconds)
{
	struct rusage used;

	cr_assert_eq(getrusage(RUSAGE_SELF, &used), 0);
	seconds += (rlim_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec);
	cr_assert_eq(setrlimit(RLIMIT_CPU, &(struct rlimit){ seconds, seconds }), 0);
}

#endif
