package config

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"text/template"
)

//go:embed template.jsonc
var templateText string

// Choices are what `mysqlda init` is told; "" leaves a default or a comment.
// Addresses are host:port.
type Choices struct {
	NodeID string
	MySQL  string
	Listen string // internode
	Gossip string
	HTTP   string
}

// Several tells whether the node is to be one of several: the file then has a
// cluster section.
func (c Choices) Several() bool { return c.NodeID != "" || c.Listen != "" || c.Gossip != "" }

// Create writes a commented config file at path, readable by its owner only.
// It never overwrites.
func Create(path string, choices Choices) error {
	text, err := render(choices)
	if err != nil {
		return err
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return fmt.Errorf("config file %s: %w", path, err)
	}
	// The choices may contradict each other, as in two equal ports.
	if _, err := Parse(abs, text); err != nil {
		var bad *Error
		if errors.As(err, &bad) {
			return fmt.Errorf("%s: %s", bad.Key, bad.Problem)
		}
		return err
	}
	file, err := os.OpenFile(abs, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s exists already and is left as it is", path)
	}
	if err != nil {
		return fmt.Errorf("config file: %w", err)
	}
	_, err = file.Write(text)
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("config file %s: %w", path, err)
	}
	return nil
}

// render fills the template.
func render(choices Choices) ([]byte, error) {
	mysql := joinPort(DefaultListenIP, DefaultListenPort)
	addresses := []struct {
		option string
		value  *string
	}{{"mysql", &choices.MySQL}, {"cluster", &choices.Listen}, {"gossip", &choices.Gossip}, {"http", &choices.HTTP}}
	several := choices.Several()
	for i, a := range addresses {
		if *a.value == "" {
			// The first one is the MySQL address, from which the others follow.
			host, port, err := splitAddress(mysql)
			if err != nil {
				return nil, err
			}
			*a.value = joinPort(host, port+int64(i))
		}
		address, err := CheckAddress(*a.value)
		if err != nil {
			return nil, fmt.Errorf("--%s: %w", a.option, err)
		}
		*a.value = address
		if i == 0 {
			mysql = address
		}
	}
	host, port, err := splitAddress(mysql)
	if err != nil {
		return nil, err
	}
	tmpl, err := template.New("config").Funcs(template.FuncMap{"json": jsonText}).Parse(templateText)
	if err != nil {
		return nil, fmt.Errorf("config template: %w", err)
	}
	var out bytes.Buffer
	err = tmpl.Execute(&out, map[string]any{
		"Node": choices.NodeID, "IP": host, "Port": port, "Several": several,
		"Cluster": choices.Listen, "Gossip": choices.Gossip, "HTTP": choices.HTTP,
	})
	if err != nil {
		return nil, fmt.Errorf("config template: %w", err)
	}
	return out.Bytes(), nil
}

func splitAddress(address string) (host string, port int64, err error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, err
	}
	port, err = strconv.ParseInt(text, 10, 32)
	return host, port, err
}

func jsonText(s string) (string, error) {
	b, err := json.Marshal(s)
	return string(b), err
}
