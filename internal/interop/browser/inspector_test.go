package browser_test

import (
	"encoding/json"
	"net"
	"net/http"
	"regexp"
	"testing"

	"github.com/wsstream/wsstream/internal/interop/program"
	"github.com/wsstream/wsstream/internal/testnet"
	"github.com/wsstream/wsstream/wsconn"
)

// inspector looks into a page that knows nothing of the tests: it is an end of
// the DevTools protocol.
type inspector struct {
	socket     *wsconn.Socket
	last       int      // the ID of the last command
	complaints []string // of the browser, about the page
}

// inspect starts a browser with an empty page.
func inspect(t *testing.T) *inspector {
	addr := program.FreePort(t)
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	startChromium(t, "about:blank", "--remote-debugging-port="+port, "--hide-scrollbars")
	var pages []struct {
		Type string
		URL  string `json:"webSocketDebuggerUrl"`
	}
	testnet.Poll(t, "the browser at "+addr, func() bool {
		r, err := http.Get("http://" + addr + "/json/list")
		if err != nil {
			return false
		}
		defer r.Body.Close()
		return json.NewDecoder(r.Body).Decode(&pages) == nil && len(pages) > 0 && pages[0].Type == "page"
	})
	socket, err := wsconn.DialSocket(testnet.Bounded(t), pages[0].URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Terminate() })
	p := &inspector{socket: socket}
	for _, domain := range []string{"Page", "Runtime", "Log"} {
		p.call(t, domain+".enable", nil, nil)
	}
	return p
}

// answer is one to a command, or an event.
type answer struct {
	ID     int
	Error  *struct{ Message string }
	Result json.RawMessage

	Method string
	Params json.RawMessage
}

// call gives a command, and waits for the result.
func (p *inspector) call(t *testing.T, method string, params args, result any) {
	t.Helper()
	p.last++
	command, err := json.Marshal(struct {
		ID     int    `json:"id"`
		Method string `json:"method"`
		Params args   `json:"params,omitempty"`
	}{p.last, method, params})
	if err != nil {
		t.Fatal(err)
	}
	ctx := testnet.Bounded(t)
	if err := p.socket.WriteMessage(ctx, wsconn.Text, command); err != nil {
		t.Fatal(err)
	}
	for {
		_, message, err := p.socket.ReadMessage(ctx)
		if err != nil {
			t.Fatalf("%s: %v", method, err)
		}
		var a answer
		if err := json.Unmarshal(message, &a); err != nil {
			t.Fatalf("%s: %v in %s", method, err, message)
		}
		switch {
		case a.Method != "":
			p.note(a)
		case a.ID != p.last:
			t.Fatalf("%s: an answer to command %d, not %d", method, a.ID, p.last)
		case a.Error != nil:
			t.Fatalf("%s: %s", method, a.Error.Message)
		case result == nil:
			return
		default:
			if err := json.Unmarshal(a.Result, result); err != nil {
				t.Fatalf("%s: %v in %s", method, err, a.Result)
			}
			return
		}
	}
}

// note keeps what an event complains about.
func (p *inspector) note(event answer) {
	switch event.Method {
	case "Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown":
		p.complaints = append(p.complaints, event.Method+" "+string(event.Params))
	}
}

// wantNoComplaints fails the test if the console is not empty.
func (p *inspector) wantNoComplaints(t *testing.T) {
	t.Helper()
	for _, c := range p.complaints {
		t.Errorf("the browser complains: %s", c)
	}
	p.complaints = nil
}

// open goes to another page.
func (p *inspector) open(t *testing.T, url string) {
	t.Helper()
	var went struct{ ErrorText string }
	p.call(t, "Page.navigate", args{"url": url}, &went)
	if went.ErrorText != "" {
		t.Fatalf("%s: %s", url, went.ErrorText)
	}
}

// resize makes the page so many pixels wide, with two of the screen to each.
func (p *inspector) resize(t *testing.T, width int) {
	t.Helper()
	p.call(t, "Emulation.setDeviceMetricsOverride", args{"width": width, "height": 800, "deviceScaleFactor": 2, "mobile": width < 500}, nil)
}

// evaluate returns the value of a piece of JavaScript.
func evaluate[T any](t *testing.T, p *inspector, js string) T {
	t.Helper()
	var evaluated struct {
		Result           struct{ Value T }
		ExceptionDetails json.RawMessage
	}
	p.call(t, "Runtime.evaluate", args{"expression": js, "returnByValue": true}, &evaluated)
	if evaluated.ExceptionDetails != nil {
		t.Fatalf("%s: %s", js, evaluated.ExceptionDetails)
	}
	return evaluated.Result.Value
}

// await waits until the text of an element matches a pattern.
func (p *inspector) await(t *testing.T, id, pattern string) {
	t.Helper()
	re := regexp.MustCompile(pattern)
	testnet.Poll(t, id+" that matches "+pattern, func() bool {
		return re.MatchString(evaluate[string](t, p, "document.getElementById('"+id+"')?.textContent || ''"))
	})
}
