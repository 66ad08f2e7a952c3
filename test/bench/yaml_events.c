/* yaml_events.c - the events of each file named, by libyaml alone: what `bench` compares with. */
#include <stdio.h>
#include <yaml.h>

static int read_events(const char *path)
{
	FILE *file = fopen(path, "rb");
	yaml_parser_t parser;
	yaml_event_t event;
	int done = 0, ok = file && yaml_parser_initialize(&parser);

	if (!ok) {
		return 0;
	}
	yaml_parser_set_input_file(&parser, file);
	while (ok && !done) {
		ok = yaml_parser_parse(&parser, &event);
		done = ok && event.type == YAML_STREAM_END_EVENT;
		if (ok) {
			yaml_event_delete(&event);
		}
	}
	yaml_parser_delete(&parser);
	(void)fclose(file);
	return ok;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (!read_events(argv[i])) {
			(void)fprintf(stderr, "%s\n", argv[i]);
			return 1;
		}
	}
	return 0;
}
