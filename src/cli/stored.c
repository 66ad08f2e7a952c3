/* stored.c - see stored.h. */
#include "stored.h"

#include <time.h>

struct str stored_size(struct arena *a, uint64_t bytes)
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB" };
	double n = (double)bytes;
	size_t unit = 0;

	while (n >= 999.5 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		n /= 1000;
		unit++;
	}
	return arena_printf(a, unit && n < 9.95 ? "%.1f %s" : "%.0f %s", n, units[unit]);
}

bool stored_parse_size(struct str text, uint64_t *bytes)
{
	static const char letters[] = "kmgt";
	unsigned long n = 0;
	size_t end = 0;
	unsigned shift = 0;

	while (end < text.len && text.p[end] >= '0' && text.p[end] <= '9') {
		end++;
	}

	struct str unit = str_slice(text, end, text.len);

	if (unit.len > 1 && (unit.p[unit.len - 1] == 'B' || unit.p[unit.len - 1] == 'b')) {
		unit.len--;
	}
	if (unit.len == 1) {
		const char *at = strchr(letters, unit.p[0] | 0x20);

		shift = at ? 10 * (unsigned)(at - letters + 1) : 0;
	}
	if ((unit.len && !shift) || !str_to_ulong(str_slice(text, 0, end), &n) ||
	    n > UINT64_MAX >> shift) {
		return false;
	}
	*bytes = (uint64_t)n << shift;
	return true;
}

struct str stored_age(struct arena *a, int64_t ms)
{
	static const struct {
		long long seconds;
		const char *unit;
	} units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "min" } };
	long long age = (long long)time(NULL) - (long long)(ms / 1000);

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (age >= units[i].seconds) {
			return arena_printf(a, "%lld %s ago", age / units[i].seconds,
					    units[i].unit);
		}
	}
	return STR("just now");
}
