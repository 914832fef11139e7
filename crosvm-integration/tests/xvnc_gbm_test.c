// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program in Debian that allocates through GBM: TigerVNC's X server, which
 * needs neither a display nor EGL. An X client draws into a pixmap and asks for
 * its dma-buf (DRI3), which must be one of mockgpu's. Once with Mesa's libgbm and
 * our backend, once with our libgbm.
 */

#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <xcb/dri3.h>
#include <xcb/xcb.h>

#include "kselftest_harness.h"

#include "driver.h"

#define SERVER "Xtigervnc"
#define WIDTH 1024
#define HEIGHT 520
#define COLOUR 0x123456

/* Time limit for the start of the server, which takes 2 s under emulation. */
#define PATIENCE_MS 30000

FIXTURE(xvnc) {
	struct driver driver;
	pid_t server;
	xcb_connection_t *x;
	xcb_screen_t *screen;
};

/* The variable that selects our library, and which of the two is then loaded. */
FIXTURE_VARIANT(xvnc) {
	const char *variable;
	const char *library;
};

FIXTURE_VARIANT_ADD(xvnc, mesa) { "GBM_BACKENDS_PATH", "/gbm/mockgpu_gbm.so" };
FIXTURE_VARIANT_ADD(xvnc, own) { "LD_LIBRARY_PATH", "/gbm/libgbm.so.1" };

/* The folder of this program; the libraries lie in gbm/ there. */
static const char *folder(void)
{
	static char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

	path[length > 0 ? length : 0] = 0;
	return dirname(path);
}

/*
 * In the child. The server chooses a free display and writes its number to @ready. GLX is off: it
 * would load a software renderer, which takes longer than all the rest.
 */
static void server_exec(const char *variable, const char *node, int ready)
{
	char libraries[PATH_MAX + 8], number[16];

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	snprintf(libraries, sizeof(libraries), "%s/gbm", folder());
	setenv(variable, libraries, 1);
	snprintf(number, sizeof(number), "%d", ready);
	if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
		_exit(126);
	execlp(SERVER, SERVER, "-displayfd", number, "-rendernode", node, "-SecurityTypes",
	       "None", "-localhost", "-extension", "GLX", NULL);
	_exit(127);
}

/* Returns the name of the display. */
static void server_start(struct __test_metadata *_metadata, const char *variable, int drm,
			 pid_t *server, char *display, size_t size)
{
	struct pollfd ready = { .events = POLLIN };
	char node[64], text[16];
	ssize_t count;
	int pipes[2];

	snprintf(text, sizeof(text), "/proc/self/fd/%d", drm);
	count = readlink(text, node, sizeof(node) - 1);
	ASSERT_LT(0, count);
	node[count] = 0;
	ASSERT_EQ(0, pipe(pipes));
	*server = fork();
	ASSERT_LE(0, *server);
	if (!*server)
		server_exec(variable, node, pipes[1]);
	close(pipes[1]);
	ready.fd = pipes[0];
	ASSERT_EQ(1, poll(&ready, 1, PATIENCE_MS));
	count = read(pipes[0], text, sizeof(text) - 1);
	ASSERT_LT(0, count)
		TH_LOG("%s did not come up", SERVER);
	text[count] = 0;
	snprintf(display, size, ":%d", atoi(text));
	close(pipes[0]);
}

FIXTURE_SETUP(xvnc)
{
	char display[16];

	driver_setup(_metadata, &self->driver);
	server_start(_metadata, variant->variable, self->driver.fd, &self->server, display,
		     sizeof(display));
	self->x = xcb_connect(display, NULL);
	ASSERT_EQ(0, xcb_connection_has_error(self->x));
	self->screen = xcb_setup_roots_iterator(xcb_get_setup(self->x)).data;
}

FIXTURE_TEARDOWN(xvnc)
{
	xcb_disconnect(self->x);
	EXPECT_EQ(0, kill(self->server, SIGTERM));
	EXPECT_EQ(self->server, waitpid(self->server, NULL, 0));
	driver_teardown(_metadata, &self->driver);
}

/* Whether a process has mapped a library; @name is the end of its path. */
static bool has_mapped(pid_t pid, const char *name)
{
	char path[64], line[PATH_MAX + 128];
	bool found = false;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	maps = fopen(path, "re");
	if (!maps)
		return false;
	while (fgets(line, sizeof(line), maps))
		found = found || strstr(line, name);
	fclose(maps);
	return found;
}

static xcb_pixmap_t draw(xcb_connection_t *x, const xcb_screen_t *screen)
{
	const xcb_rectangle_t all = { 0, 0, WIDTH, HEIGHT };
	xcb_pixmap_t pixmap = xcb_generate_id(x);
	xcb_gcontext_t gc = xcb_generate_id(x);

	xcb_create_pixmap(x, screen->root_depth, pixmap, screen->root, WIDTH, HEIGHT);
	xcb_create_gc(x, gc, pixmap, XCB_GC_FOREGROUND, &(uint32_t){ COLOUR });
	xcb_poly_fill_rectangle(x, pixmap, gc, 1, &all);
	xcb_free_gc(x, gc);
	return pixmap;
}

static size_t wrong_pixels(const uint32_t *pixels, size_t stride)
{
	size_t x, y, wrong = 0;

	for (y = 0; y < HEIGHT; y++)
		for (x = 0; x < WIDTH; x++)
			wrong += (pixels[y * stride / 4 + x] & 0xffffff) != COLOUR;
	return wrong;
}

TEST_F(xvnc, gives_its_pixmaps_out)
{
	xcb_dri3_buffer_from_pixmap_reply_t *reply;
	struct mockgpu_bo bo;
	xcb_pixmap_t pixmap;
	void *map;
	int fd;

	EXPECT_TRUE(has_mapped(self->server, variant->library));
	free(xcb_dri3_query_version_reply(self->x, xcb_dri3_query_version(self->x, 1, 0), NULL));
	pixmap = draw(self->x, self->screen);
	reply = xcb_dri3_buffer_from_pixmap_reply(self->x,
						  xcb_dri3_buffer_from_pixmap(self->x, pixmap),
						  NULL);
	ASSERT_NE(NULL, reply);
	ASSERT_EQ(1, reply->nfd);
	fd = *xcb_dri3_buffer_from_pixmap_reply_fds(self->x, reply);
	EXPECT_EQ(32, reply->bpp);
	EXPECT_LE(WIDTH * 4, reply->stride);
	ASSERT_EQ(0, mockgpu_bo_import(self->driver.fd, fd, &bo));
	EXPECT_EQ(MOCKGPU_KIND_TTM, bo.kind);
	ASSERT_LE(reply->stride * HEIGHT, bo.size);
	map = mmap(NULL, bo.size, PROT_READ, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, map);
	EXPECT_EQ(0, wrong_pixels(map, reply->stride));
	EXPECT_EQ(0, munmap(map, bo.size));
	EXPECT_EQ(0, mockgpu_bo_destroy(&bo));
	EXPECT_EQ(0, close(fd));
	free(reply);
	xcb_free_pixmap(self->x, pixmap);
}

int main(int argc, char **argv)
{
	if (system("command -v " SERVER " >/dev/null"))
		ksft_exit_skip("no " SERVER ": install tigervnc-standalone-server\n");
	return driver_run(argc, argv);
}
