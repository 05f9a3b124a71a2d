package browser_test

import (
	"encoding/base64"
	"flag"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/wsstream/wsstream/internal/interop/program"
	"github.com/wsstream/wsstream/internal/testnet"
)

var (
	screenshot      = flag.String("status.screenshot", "", "write a picture of the tunnel's status page to this `file` (PNG)")
	screenshotAfter = flag.Duration("status.after", 10*time.Second, "how long the tunnel has been at work in that picture")
)

// The page on which the tunnel shows itself, at both ends, in a browser that
// looks at it while bytes flow, and when the end has gone away.
func TestStatusPage(t *testing.T) {
	tunnel := buildTunnel(t)
	server := program.Start(t, "", tunnel, "server", "127.0.0.1:0", "-open", "-allow", "*:*", "-status", "127.0.0.1:0")
	url := "ws://" + lineOf(t, server, `listening on (\S+)`) + "/"
	clientArgs := []string{"client", url, "-L", "0:" + tripleTarget(t), "-status"}
	client := program.Start(t, "", tunnel, append(clientArgs, "127.0.0.1:0")...)
	keepBusy(t, lineOf(t, client, `forwarding (\S+) to`))
	page := inspect(t)
	for _, end := range []struct {
		role string
		of   *program.Program
	}{{"server", server}, {"client", client}} {
		t.Run(end.role, func(t *testing.T) {
			page.open(t, lineOf(t, end.of, `status on (http://\S+/)`))
			testFigures(t, page, end.role)
			testLooks(t, page)
			page.wantNoComplaints(t)
		})
	}
	if *screenshot != "" {
		takePicture(t, page)
	}
	t.Run("away", func(t *testing.T) {
		address := lineOf(t, client, `status on http://(\S+)/`)
		client.Kill()
		page.await(t, "state", `cannot be reached for \d+ s, trying again`)
		program.Start(t, "", tunnel, append(clientArgs, address)...)
		page.await(t, "state", "^ready$")
	})
}

// testFigures looks at what is shown while there are one session and one
// connection.
func testFigures(t *testing.T, page *inspector, role string) {
	page.await(t, "title", "^tunnel "+role+"$")
	page.await(t, "state", "^ready$")
	page.await(t, "uptime", `^up for \d+`)
	page.await(t, "sessions", "^1$")
	page.await(t, "streams", "^1$")
	const moving = `^[1-9]\S*(B|kB|MB|GB)/s$`
	page.await(t, "up", moving)
	page.await(t, "down", moving)
	page.await(t, "rtt", `^[1-9]\d*(\.\d+)?(µs|ms|s)$`)
	page.await(t, "peers", `127\.0\.0\.1:\d+`)
	page.await(t, "forwards", `127\.0\.0\.1`)
	for _, cell := range []int{5, 6} { // bytes up and down
		js := fmt.Sprintf("document.querySelector('#forwards tbody tr').cells[%d].textContent", cell)
		before := evaluate[string](t, page, js)
		testnet.Poll(t, "more than "+before, func() bool { return evaluate[string](t, page, js) != before })
	}
	for _, plot := range []string{"throughput", "streams-plot", "rtt-plot"} {
		js := fmt.Sprintf("document.getElementById(%q).getAttribute('aria-label')", plot)
		testnet.Poll(t, plot, func() bool {
			return regexp.MustCompile(`over 5 minutes, last .*[1-9]`).MatchString(evaluate[string](t, page, js))
		})
	}
}

// testLooks checks that the page fits a phone, and has a dark side.
func testLooks(t *testing.T, page *inspector) {
	const background = "getComputedStyle(document.body).backgroundColor"
	colors := make(map[string]bool)
	for _, scheme := range []string{"light", "dark"} {
		page.call(t, "Emulation.setEmulatedMedia", args{"features": []args{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
		colors[evaluate[string](t, page, background)] = true
	}
	if len(colors) != 2 {
		t.Errorf("light and dark are both %v", colors)
	}
	for _, width := range []int{320, 375, 800, 1280} {
		page.resize(t, width)
		if wide := evaluate[int](t, page, "document.documentElement.scrollWidth"); wide > width {
			t.Errorf("the page is %d wide, of %d", wide, width)
		}
	}
}

func takePicture(t *testing.T, page *inspector) {
	time.Sleep(*screenshotAfter)
	page.call(t, "Emulation.setEmulatedMedia", args{"features": []args{{"name": "prefers-color-scheme", "value": "light"}}}, nil)
	page.resize(t, 1100)
	var shot struct{ Data string }
	page.call(t, "Page.captureScreenshot", args{"captureBeyondViewport": true}, &shot)
	png, err := base64.StdEncoding.DecodeString(shot.Data)
	if err == nil {
		err = os.WriteFile(*screenshot, png, 0o644)
	}
	if err != nil {
		t.Error(err)
	}
}

// buildTunnel builds the program from the source, in a folder that goes with
// the test.
func buildTunnel(t *testing.T) (path string) {
	path = filepath.Join(t.TempDir(), "tunnel")
	cmd := exec.Command("go", "build", "-o", path, "./examples/tunnel")
	cmd.Dir = filepath.Join("..", "..", "..")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building the tunnel: %v\n%s", err, out)
	}
	return path
}

// lineOf waits until a program has said something, and returns the group in it.
func lineOf(t *testing.T, p *program.Program, pattern string) string {
	t.Helper()
	var found []string
	testnet.Poll(t, pattern, func() bool {
		found = regexp.MustCompile("(?m)^" + pattern).FindStringSubmatch(p.Output())
		return found != nil
	})
	return strings.TrimSpace(found[1])
}

// tripleTarget is a server of TCP that sends back three times as much as it gets.
func tripleTarget(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				io.Copy(io.MultiWriter(c, c, c), c)
			}()
		}
	}()
	return l.Addr().String()
}

// keepBusy sends through a connection until the end of the test, or of the
// tunnel: now more and now less.
func keepBusy(t *testing.T, addr string) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	go io.Copy(io.Discard, c)
	go func() {
		for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
			wave := math.Sin(time.Since(began).Seconds() / 7)
			if _, err := c.Write(make([]byte, 2_000+int(60_000*wave*wave))); err != nil {
				return
			}
		}
	}()
}
