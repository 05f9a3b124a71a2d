package tunnel_test

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/wsstream/wsstream/internal/interop/program"
)

// The two files of -config work together.
func TestDeployConfigs(t *testing.T) {
	dir, target := program.Folder(t), startEcho(t)
	tokens := program.Write(t, dir, "tokens", "alice "+secret)
	address, status, offered := program.FreePort(t), program.FreePort(t), program.FreePort(t)
	server := program.Write(t, dir, "server.conf", deployed(t, "server.conf",
		"127.0.0.1:8080", address, "/etc/tunnel/tokens", tokens, "db.internal:5432", target,
		"allow-reverse 2222", "allow-reverse "+portOf(offered), "127.0.0.1:9090", status))
	client := program.Write(t, dir, "client.conf", deployed(t, "client.conf",
		"wss://tunnel.example.com/", "ws://"+address+"/", "/etc/tunnel/token", tokens, "5432:db.internal:5432", "0:"+target,
		"2222:localhost:22", portOf(offered)+":"+target, "127.0.0.1:9091", program.FreePort(t)))
	for command, conf := range map[string]string{"server": server, "client": client} {
		if said := run(t, "", theProgram, command, "-config", conf, "-check-config"); !strings.Contains(said, "the configuration is good") {
			t.Errorf("%s -check-config says %q", command, said)
		}
	}
	start(t, "server", "-config", server).says("(listening)")
	c := start(t, "client", "-config", client)
	for _, addr := range []string{c.says(`forwarding (\S+) to `), c.says(`forwarding (\S+) of the server to `)} {
		echoed(t, dial(t, addr))
	}
}

// The units are understood, and keep the program from what it does not need.
func TestDeployUnits(t *testing.T) {
	for _, command := range []string{"server", "client"} {
		t.Run(command, func(t *testing.T) {
			const installed = "/usr/local/bin/tunnel"
			name := "tunnel-" + command + ".service"
			unit := program.Write(t, program.Folder(t), name, deployed(t, name, installed, theProgram))
			if said := run(t, "systemd", "systemd-analyze", "verify", unit); said != "" {
				t.Errorf("systemd-analyze verify says %s", said)
			}
			run(t, "systemd", "systemd-analyze", "security", "--offline=true", "--threshold=20", "--no-pager", unit)

			line := regexp.MustCompile("(?m)^ExecStart=" + installed + " (.*)$").FindStringSubmatch(deployed(t, name))
			dir := program.Folder(t)
			args := strings.NewReplacer("/etc/tunnel", deployment, "%d", dir).Replace(line[1])
			for _, token := range []string{"token", "tokens"} {
				program.Write(t, dir, token, "alice "+secret)
			}
			run(t, "", theProgram, append(strings.Fields(args), "-check-config")...)
		})
	}
}

// What the Dockerfile builds runs without anything beside it.
func TestDeployDockerfile(t *testing.T) {
	file := deployed(t, "Dockerfile")
	line := regexp.MustCompile(`(?m)^RUN (.* -o (/\S+) .*)$`).FindStringSubmatch(file)
	if line == nil {
		t.Fatal("there is no line that builds")
	}
	build, built := line[1], line[2]
	for _, use := range []string{"COPY --from=build " + built + " " + built + "\n", `ENTRYPOINT ["` + built + `"]`} {
		if !strings.Contains(file, use) {
			t.Errorf("there is no %q", use)
		}
	}
	path := filepath.Join(t.TempDir(), "tunnel")
	cmd := exec.Command("sh", "-c", strings.Replace(build, built, path, 1))
	cmd.Dir = "../../.."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", build, err, out)
	}
	f, err := elf.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			t.Error("the program is not static")
		}
	}
	if said := run(t, "", path, "help"); !strings.Contains(said, "tunnel server") && !strings.Contains(said, "server") {
		t.Errorf("help says %q", said)
	}
}

// Each file of the deployment is in its README.
func TestDeployReadme(t *testing.T) {
	readme := deployed(t, "README.md")
	files, err := os.ReadDir(deployment)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if f.Name() != "README.md" && !strings.Contains(readme, "("+f.Name()+")") {
			t.Errorf("%s is not in the README", f.Name())
		}
	}
}
