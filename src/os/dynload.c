/* dynload.c - dlopen and dlsym for a table of functions. It knows no library. */
#include "actc/dynload.h"

#include <dlfcn.h>
#include <string.h>

bool dynload(const char *soname, const struct dynload_symbol *symbols, size_t n, void *table,
	     struct err *err)
{
	void *library = dlopen(soname, RTLD_LAZY | RTLD_LOCAL);

	if (!library) {
		return err_set(err, ERR_NOT_FOUND, "the library %s is needed: %s", soname,
			       dlerror());
	}
	for (size_t i = 0; i < n; i++) {
		void *function = dlsym(library, symbols[i].name);

		if (!function) {
			return err_set(err, ERR_NOT_FOUND, "the library %s has no %s", soname,
				       symbols[i].name);
		}
		/* ISO C has no cast from an object pointer to a function pointer. */
		memcpy((char *)table + symbols[i].offset, &function, sizeof(function));
	}
	return true;
}

void dynload_forget(const char *soname)
{
	enum { MOST = 64 }; /* a library may be one that stays */
	void *library;

	/* Each call of dynload() counts, and so does this way to come by the handle. */
	for (int i = 0; i < MOST && (library = dlopen(soname, RTLD_LAZY | RTLD_NOLOAD)); i++) {
		(void)dlclose(library);
		(void)dlclose(library);
	}
}
