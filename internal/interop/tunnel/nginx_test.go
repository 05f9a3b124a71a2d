package tunnel_test

import (
	"testing"

	"github.com/wsstream/wsstream/internal/interop/program"
)

func startNginx(t *testing.T, dir, address string, servers [2]*member, replacements ...string) *program.Program {
	t.Helper()
	conf := program.Write(t, dir, "nginx.conf", deployed(t, "nginx.conf", append(replacements,
		"user www-data", "user root", "/run/nginx.pid", dir+"/pid", "listen 443", "listen "+address,
		"/var/log/nginx/error.log", "stderr", "/var/log/nginx/access.log", "off",
		"/etc/nginx/tunnel.pem", dir+"/cert.pem", "/etc/nginx/tunnel.key", dir+"/key.pem",
		"10.0.0.1:8080", servers[0].address, "10.0.0.2:8080", servers[1].address)...))
	run(t, "nginx-light", "nginx", "-t", "-p", dir, "-c", conf, "-e", "stderr")
	return program.Run(t, address, "nginx-light", "nginx", "-p", dir, "-c", conf, "-e", "stderr", "-g", "daemon off;")
}

func reloadNginx(t *testing.T, dir string, _ *program.Program) {
	t.Helper()
	run(t, "nginx-light", "nginx", "-p", dir, "-c", dir+"/nginx.conf", "-e", "stderr", "-s", "reload")
}
