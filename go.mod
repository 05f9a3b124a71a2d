module github.com/wsstream/wsstream

go 1.26.0
