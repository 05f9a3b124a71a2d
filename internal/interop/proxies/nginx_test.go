package proxies_test

import (
	"crypto/tls"
	"testing"

	"github.com/wsstream/wsstream/internal/interop/program"
)

// websocket is what nginx has to be told for WebSockets.
const websocket = `
	proxy_http_version 1.1;
	proxy_set_header Upgrade $http_upgrade;
	proxy_set_header Connection $connection_upgrade;
`

// nginxConf is a whole configuration, for one server.
const nginxConf = `
daemon off;
user root;
pid DIR/pid;
error_log stderr;
events {}
http {
	access_log off;
	client_body_temp_path DIR/body;
	proxy_temp_path DIR/proxy;
	fastcgi_temp_path DIR/fastcgi;
	uwsgi_temp_path DIR/uwsgi;
	scgi_temp_path DIR/scgi;
	map $http_upgrade $connection_upgrade { default upgrade; '' close; }
	server {
		listen ADDRESS LISTEN;
		ssl_certificate DIR/cert.pem;
		ssl_certificate_key DIR/key.pem;
		location / {
			proxy_pass BACKEND;
			LOCATION
		}
	}
}
`

// nginx is one in front of a target.
type nginx struct {
	*program.Program
	url string
	tls *tls.Config // for clients; nil over ws
}

// startNginx starts one that passes everything on to a URL. Location is what
// else its location has.
func startNginx(t *testing.T, secure bool, backend, location string) *nginx {
	t.Helper()
	dir, address := program.Folder(t), program.FreePort(t)
	client := program.WriteCertificate(t, dir)
	n, listen := &nginx{url: "ws://" + address}, ""
	if secure {
		n.url, n.tls, listen = "wss://"+address, client, "ssl http2"
	}
	conf := program.Write(t, dir, "nginx.conf", nginxConf,
		"ADDRESS", address, "LISTEN", listen, "BACKEND", backend, "LOCATION", location)
	n.Program = program.Run(t, address, "nginx-light", "nginx", "-p", dir, "-c", conf, "-e", "stderr")
	return n
}
