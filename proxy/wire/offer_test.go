package wire

import (
	"encoding/hex"
	"testing"
)

func TestGreetingLooksLikeMariaDBsOrMySQLs(t *testing.T) {
	const own = OfferedCapabilities &^ ClientLongPassword
	for name, c := range map[string]struct{ offered, shown Capability }{
		"MySQL":                 {own | ClientLongPassword, own | ClientLongPassword},
		"MySQL without the bit": {own, own | ClientLongPassword},
		"MariaDB":               {own | MariadbCacheMetadata, own | MariadbCacheMetadata},
		"MariaDB with the bit":  {own | ClientLongPassword | MariadbProgress, own | MariadbProgress},
		"TLS without a config":  {own | ClientSSL, own | ClientLongPassword},
		"everything":            {SupportedCapabilities, SupportedCapabilities &^ (ClientLongPassword | ClientSSL)},
	} {
		cfg := acceptConfig()
		cfg.Capabilities = c.offered
		salt := newSalt()
		packet := appendGreeting(nil, &cfg, &salt)
		if g := parseGreeting(t, packet[HeaderLen:]); g.capabilities != c.shown || string(g.salt) != string(salt[:]) {
			t.Errorf("%s: %v, want %v", name, g.capabilities, c.shown)
		}
	}
}

// Extended capabilities lie in the last four of the ten reserved bytes.
func TestGreetingOfMariaDB(t *testing.T) {
	cfg := AcceptConfig{
		ServerVersion: "10.11.6-MariaDB", ConnectionID: 5, Collation: 45,
		Capabilities: 0x1d81bffe | MariadbProgress | MariadbBulkOperations | MariadbExtendedMetadata | MariadbCacheMetadata,
	}
	salt := Salt([]byte("abcdefghijklmnopqrst"))
	want := "530000000a" + hex.EncodeToString([]byte("10.11.6-MariaDB\x00")) + "05000000" + hex.EncodeToString([]byte("abcdefgh")) + "00" +
		"feb7" + "2d" + "0200" + "811d" + "15" + "000000000000" + "1d000000" +
		hex.EncodeToString([]byte("ijklmnopqrst\x00mysql_native_password\x00"))
	if got := hex.EncodeToString(appendGreeting(nil, &cfg, &salt)); got != want {
		t.Errorf("\n%s, want\n%s", got, want)
	}
}

func TestOnlyWhatIsOfferedIsAgreed(t *testing.T) {
	const extended = MariadbCacheMetadata | MariadbProgress | MariadbExtendedMetadata
	for _, c := range []struct {
		name                   string
		offer, request, agreed Capability
	}{
		{"MySQL's client", full | extended, full | ClientLongPassword | ClientQueryAttributes, full &^ ClientLongPassword},
		{"MariaDB's client", full | MariadbCacheMetadata, full&^ClientLongPassword | extended, full&^ClientLongPassword | MariadbCacheMetadata},
		{"MariaDB's client, nothing offered", full, full&^ClientLongPassword | extended, full &^ ClientLongPassword},
		{"zstd that was not offered", full, full | ClientZstdCompression | ClientConnectAttrs, full},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := acceptConfig()
			cfg.Capabilities = c.offer
			client, _, result := accept(t, cfg)
			_, payload := readPacket(t, client)
			g := parseGreeting(t, payload)
			send(t, client, packetOf(1, login{
				capabilities: c.request, user: "calvin", plugin: pluginNative, auth: native(g.salt, "secret"),
				attributes: map[string]string{"a": "b"}, zstdLevel: 7,
			}.payload()))
			r := <-result
			if r.err != nil {
				t.Fatal(r.err)
			}
			if r.client.Capabilities != c.agreed || r.client.Compression != (Compression{}) {
				t.Errorf("%v, %v, want %v", r.client.Capabilities, r.client.Compression, c.agreed)
			}
		})
	}
}

// In the login of any other client the bytes of the extended capabilities mean
// nothing, whatever they hold.
func TestOnlyMariaDBsClientsHaveExtendedCapabilities(t *testing.T) {
	for caps, want := range map[Capability]Capability{
		full | ClientLongPassword:  full | ClientLongPassword,
		full &^ ClientLongPassword: full&^ClientLongPassword | 0xff<<extendedShift,
	} {
		payload := login{capabilities: caps, user: "calvin", plugin: pluginNative}.payload()
		payload[tlsRequestLen-extendedLen] = 0xff
		if l, err := parseLogin(payload); err != nil || l.capabilities != want || l.user != "calvin" {
			t.Errorf("%+v, %v, want %v", l, err, want)
		}
	}
}

func TestCompressionIsAgreedAsServersDo(t *testing.T) {
	const two = ClientCompress | ClientZstdCompression
	for _, c := range []struct {
		offer, request Capability
		want           Compression
	}{
		{two, 0, Compression{}},
		{0, two, Compression{}},
		{two, ClientCompress, Compression{Algorithm: Zlib}},
		{two, ClientZstdCompression, Compression{Algorithm: Zstd, Level: 7}},
		{two, two, Compression{Algorithm: Zlib}},
		{ClientZstdCompression, two, Compression{Algorithm: Zstd, Level: 7}},
		{ClientCompress, two, Compression{Algorithm: Zlib}},
		{ClientCompress, ClientZstdCompression, Compression{}},
	} {
		cfg := acceptConfig()
		cfg.Capabilities = full | c.offer
		client, _, result := accept(t, cfg)
		_, payload := readPacket(t, client)
		g := parseGreeting(t, payload)
		send(t, client, packetOf(1, login{capabilities: full | c.request, user: "calvin", plugin: pluginNative, auth: native(g.salt, "secret"), zstdLevel: 7}.payload()))
		if r := <-result; r.err != nil || r.client.Compression != c.want {
			t.Errorf("offered %v, requested %v: %+v, %v", c.offer, c.request, r.client, r.err)
		}
	}
}
