package fsm

import "testing"

func TestTLSModesHaveTheirWords(t *testing.T) {
	for i, word := range TLSModes() {
		mode, ok := ParseTLSMode(word)
		if !ok || mode != TLSMode(i) || mode.String() != word {
			t.Errorf("%q is mode %d, %v, which is called %q", word, mode, ok, mode)
		}
	}
	if mode, ok := ParseTLSMode("prefer"); ok {
		t.Errorf("an unknown word is %s", mode)
	}
	if len(TLSModes()) != int(TLSVerifyIdentity)+1 {
		t.Errorf("words: %q", TLSModes())
	}
}
