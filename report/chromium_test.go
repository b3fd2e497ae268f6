package report

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// chromium is a browser without a window and without a network. It is driven
// over two pipes with the DevTools protocol, of which a handful of commands is
// enough: that is less to keep than a library.
type chromium struct {
	t        *testing.T
	commands *os.File
	answers  *bufio.Reader
	last     int
	events   []chromiumMessage // that have not been looked at
	page     string            // session
}

type chromiumMessage struct {
	ID     int             `json:"id,omitempty"`
	Method string          `json:"method,omitempty"`
	Params json.RawMessage `json:"params,omitempty"`
	Result json.RawMessage `json:"result,omitempty"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
	SessionID string `json:"sessionId,omitempty"`
}

// startChromium starts the browser with an empty page. Where there is none the
// test is skipped; AVSTAM_REQUIRE=chromium makes a failure of that.
func startChromium(t *testing.T) *chromium {
	t.Helper()
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		skipWithout(t, "chromium", "there is no chromium in the PATH")
	}
	arguments := []string{
		"--headless", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run", "--disable-extensions",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND",
		"--proxy-server=127.0.0.1:9", "--user-data-dir=" + t.TempDir(), "--remote-debugging-pipe",
	}
	if os.Getuid() == 0 {
		arguments = append(arguments, "--no-sandbox") // it refuses to run as root otherwise
	}
	theirCommands, commands, err := os.Pipe()
	require.NoError(t, err)
	answers, theirAnswers, err := os.Pipe()
	require.NoError(t, err)
	process := exec.Command(path, append(arguments, "about:blank")...)
	process.ExtraFiles = []*os.File{theirCommands, theirAnswers} // 3 and 4
	require.NoError(t, process.Start())
	require.NoError(t, theirCommands.Close())
	require.NoError(t, theirAnswers.Close())
	c := &chromium{t: t, commands: commands, answers: bufio.NewReaderSize(answers, 1<<20)}
	t.Cleanup(func() {
		_ = commands.Close() // it ends when nobody commands it
		done := make(chan struct{})
		go func() { _ = process.Wait(); close(done) }()
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			_ = process.Process.Kill()
			<-done
		}
		_ = answers.Close()
	})
	require.NoError(t, answers.SetReadDeadline(time.Now().Add(2*time.Minute)))

	var targets struct {
		TargetInfos []struct{ TargetID, Type string }
	}
	c.do("Target.getTargets", nil, &targets)
	var session struct{ SessionID string }
	for _, target := range targets.TargetInfos {
		if target.Type == "page" {
			c.do("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &session)
			break
		}
	}
	require.NotEmpty(t, session.SessionID, "chromium has a page")
	c.page = session.SessionID
	for _, domain := range []string{"Page", "Log", "Network", "Runtime"} {
		c.do(domain+".enable", nil, nil)
	}
	return c
}

// do sends a command and waits for its result.
func (c *chromium) do(method string, parameters any, result any) {
	c.t.Helper()
	c.last++
	text, err := json.Marshal(map[string]any{"id": c.last, "method": method, "params": parameters, "sessionId": c.page})
	require.NoError(c.t, err)
	if c.page == "" {
		text, err = json.Marshal(map[string]any{"id": c.last, "method": method, "params": parameters})
		require.NoError(c.t, err)
	}
	_, err = c.commands.Write(append(text, 0))
	require.NoError(c.t, err)
	for {
		message := c.receive()
		if message.ID != c.last {
			c.events = append(c.events, message)
			continue
		}
		require.Nil(c.t, message.Error, "%s: %+v", method, message.Error)
		if result != nil {
			require.NoError(c.t, json.Unmarshal(message.Result, result))
		}
		return
	}
}

func (c *chromium) receive() (message chromiumMessage) {
	c.t.Helper()
	text, err := c.answers.ReadBytes(0)
	require.NoError(c.t, err, "chromium answers")
	require.NoError(c.t, json.Unmarshal(text[:len(text)-1], &message))
	return message
}

// open loads a file, and returns what was requested and what was complained of.
func (c *chromium) open(path string) (requests, complaints []string) {
	c.t.Helper()
	c.events = nil
	c.do("Page.navigate", map[string]any{"url": "file://" + path}, nil)
	isLoaded := func(m chromiumMessage) bool { return m.Method == "Page.loadEventFired" }
	for !slices.ContainsFunc(c.events, isLoaded) {
		c.events = append(c.events, c.receive())
	}
	for _, event := range c.events {
		switch event.Method {
		case "Network.requestWillBeSent":
			var sent struct{ Request struct{ URL string } }
			require.NoError(c.t, json.Unmarshal(event.Params, &sent))
			requests = append(requests, sent.Request.URL)
		case "Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown":
			complaints = append(complaints, string(event.Params))
		}
	}
	return requests, complaints
}

// screen makes the page so large, light or dark, on a screen or, with print, on paper.
func (c *chromium) screen(width, height int, scheme, media string) {
	c.t.Helper()
	c.do("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}, nil)
	c.do("Emulation.setEmulatedMedia", map[string]any{"media": media, "features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
}

// evaluate runs an expression in a world of its own beside the page, whose
// policy allows no script, and gives its value.
func (c *chromium) evaluate(expression string, result any) {
	c.t.Helper()
	var tree struct {
		FrameTree struct{ Frame struct{ ID string } }
	}
	c.do("Page.getFrameTree", nil, &tree)
	var world struct{ ExecutionContextID int }
	c.do("Page.createIsolatedWorld", map[string]any{"frameId": tree.FrameTree.Frame.ID, "worldName": "avstam"}, &world)
	var evaluated struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails json.RawMessage
	}
	c.do("Runtime.evaluate", map[string]any{
		"expression": expression, "contextId": world.ExecutionContextID, "awaitPromise": true, "returnByValue": true,
	}, &evaluated)
	require.Empty(c.t, string(evaluated.ExceptionDetails))
	require.NoError(c.t, json.Unmarshal(evaluated.Result.Value, result))
}

// screenshot is the whole page as PNG.
func (c *chromium) screenshot() []byte {
	c.t.Helper()
	return c.data("Page.captureScreenshot", map[string]any{"captureBeyondViewport": true})
}

// pdf is the page as it is printed.
func (c *chromium) pdf() []byte {
	c.t.Helper()
	return c.data("Page.printToPDF", map[string]any{"preferCSSPageSize": true, "printBackground": true})
}

func (c *chromium) data(method string, parameters any) []byte {
	c.t.Helper()
	var answer struct{ Data string }
	c.do(method, parameters, &answer)
	data, err := base64.StdEncoding.DecodeString(answer.Data)
	require.NoError(c.t, err)
	return data
}

// skipWithout skips a test whose tool is not there, and says why.
func skipWithout(t *testing.T, tool, why string) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("AVSTAM_REQUIRE"), ","), tool) {
		require.Fail(t, fmt.Sprintf("AVSTAM_REQUIRE asks for %s: %s", tool, why))
	}
	t.Skipf("%s; AVSTAM_REQUIRE=%s makes a failure of that", why, tool)
}
