/*
 * gssapi_krb5.c - stands for MIT Kerberos where act-c loads libgit2 (src/store/git2_absent.c): all
 * that a libgit2 may want of it, and all of it fails.
 */
enum { GSS_S_FAILURE = 13 << 16 };

#define ABSENT(name)                  \
	int name(void);               \
	int name(void)                \
	{                             \
		return GSS_S_FAILURE; \
	}

extern void *GSS_C_NT_HOSTBASED_SERVICE;
void *GSS_C_NT_HOSTBASED_SERVICE;

ABSENT(gss_delete_sec_context)
ABSENT(gss_display_status)
ABSENT(gss_import_name)
ABSENT(gss_indicate_mechs)
ABSENT(gss_init_sec_context)
ABSENT(gss_release_buffer)
ABSENT(gss_release_name)
ABSENT(gss_release_oid_set)
