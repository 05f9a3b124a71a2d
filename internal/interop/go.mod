module github.com/wsstream/wsstream/internal/interop

go 1.26.0

require (
	github.com/coder/websocket v1.8.15
	github.com/gorilla/websocket v1.5.3
	github.com/wsstream/wsstream v0.0.0
	golang.org/x/net v0.62.0
)

require golang.org/x/text v0.43.0 // indirect

replace github.com/wsstream/wsstream => ../..

ignore ./node_modules
