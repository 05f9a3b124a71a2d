package tunnel_test

import (
	"fmt"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/wsstream/wsstream/internal/interop/program"
)

// Redis under load: every command is answered, and has happened once.
func TestRedis(t *testing.T) {
	const requests = "20000"
	addr := program.FreePort(t)
	_, port, _ := net.SplitHostPort(addr)
	p := program.Start(t, "redis-server", "redis-server", "--bind", "127.0.0.1", "--port", port,
		"--save", "", "--appendonly", "no", "--dir", t.TempDir())
	p.AwaitPort(addr)
	_, port, _ = net.SplitHostPort(forward(t, startServer(t), addr))
	out := run(t, "redis-tools", "redis-benchmark", "-p", port, "-n", requests, "-c", "20", "-t", "set,get,incr", "--csv")
	if got := strings.Count(out, "\n"); got != 4 || strings.Contains(out, "rror") {
		t.Errorf("redis-benchmark says\n%s", out)
	}
	for _, tt := range []struct{ command, want string }{
		{"get counter:__rand_int__", requests},
		{"set greeting hello", "OK"},
		{"get greeting", "hello"},
		{"strlen greeting", "5"},
		{"del greeting", "1"},
	} {
		got := run(t, "redis-tools", "redis-cli", append([]string{"-p", port, "-e"}, strings.Fields(tt.command)...)...)
		if strings.TrimSpace(got) != tt.want {
			t.Errorf("%s: %q, want %q", tt.command, got, tt.want)
		}
	}
}

// startPostgres starts PostgreSQL as its own user, which it insists on, and
// returns its address.
func startPostgres(t *testing.T) string {
	t.Helper()
	data := filepath.Join(program.Folder(t), "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		t.Fatalf("this test needs PostgreSQL, on Debian from the package postgresql: %v", err)
	}
	uid, _ := strconv.Atoi(u.Uid)
	if err := os.Chown(data, uid, -1); err != nil {
		t.Fatal(err)
	}
	// setpriv and not runuser: that would stay between this process and PostgreSQL.
	as := []string{"--reuid=postgres", "--regid=postgres", "--clear-groups", "--"}
	run(t, "util-linux", "setpriv", append(as, postgresProgram(t, "initdb"), "-D", data, "-A", "trust", "--no-sync", "--no-locale")...)
	addr := program.FreePort(t)
	_, port, _ := net.SplitHostPort(addr)
	p := program.Start(t, "util-linux", "setpriv", append(as, postgresProgram(t, "postgres"), "-D", data, "-p", port,
		"-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off")...)
	t.Cleanup(func() { // its processes are not in its process group
		p.Signal(syscall.SIGQUIT)
		p.Wait()
	})
	p.AwaitPort(addr)
	return addr
}

// postgresProgram is the path of a program of PostgreSQL. Debian has those of
// each version in a folder that is in nobody's PATH.
func postgresProgram(t *testing.T, name string) string {
	t.Helper()
	paths, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if len(paths) == 0 {
		t.Fatalf("this test needs %s of PostgreSQL, on Debian from the package postgresql", name)
	}
	return paths[len(paths)-1]
}

// PostgreSQL with a load of transactions: none fails, and in the end the books
// balance.
func TestPostgres(t *testing.T) {
	target := startPostgres(t)
	for _, tt := range []struct{ name, at string }{
		{"-L", forward(t, startServer(t), target)},
		{"-R", startClient(t, startServer(t, reverse...), "-R", "0:"+target)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			host, port, err := net.SplitHostPort(tt.at)
			if err != nil {
				t.Fatal(err)
			}
			common := []string{"-h", host, "-p", port, "-U", "postgres"}
			pgbench := func(args ...string) string {
				return run(t, "postgresql", postgresProgram(t, "pgbench"), append(common, append(args, "postgres")...)...)
			}
			pgbench("-i", "-q")
			out := pgbench("-T", "3", "-c", "4", "-j", "2")
			found := regexp.MustCompile(`(?m)^number of transactions actually processed: (\d+)$`).FindStringSubmatch(out)
			if found == nil || found[1] == "0" || !strings.Contains(out, "number of failed transactions: 0 (") {
				t.Fatalf("pgbench says\n%s", out)
			}
			books := run(t, "postgresql-client", "psql", append(common, "-d", "postgres", "-AtX", "-c", `
				select count(*), sum(delta) = (select sum(abalance) from pgbench_accounts),
				sum(delta) = (select sum(bbalance) from pgbench_branches) from pgbench_history`)...)
			if want := fmt.Sprintf("%s|t|t\n", found[1]); books != want {
				t.Errorf("transactions in the books, and whether they balance: %q, want %q", books, want)
			}
		})
	}
}
