package fsm

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"reflect"
	"testing"

	"github.com/mysqlda/mysqlda/fsm/fsmpb"
)

func TestChangesToSettings(t *testing.T) {
	for _, c := range []struct {
		name    string
		change  ChangeSettings
		share   uint32
		balance Balance
	}{
		{"the share", ChangeSettings{MaxShareMille: new(uint32(300))}, 300, BalancePlacements},
		{"the balance", ChangeSettings{Balance: new(BalanceData)}, 500, BalanceData},
		{"both", ChangeSettings{MaxShareMille: new(uint32(1000)), Balance: new(BalanceData)}, 1000, BalanceData},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := bootstrapped(t)
			before := m.Settings()
			want, was := *before, *before
			want.MaxShareMille, want.Balance = c.share, c.balance
			if r := apply(t, m, c.change); r.Err != nil || !r.LibrariesChanged {
				t.Fatalf("%+v", r)
			}
			if got := *m.Settings(); got != want {
				t.Errorf("settings %+v\nwant %+v", got, want)
			}
			if *before != was {
				t.Errorf("the settings that were published before changed: %+v", before)
			}
			restored := New()
			if err := restored.Restore(bytes.NewReader(snapshotBytes(t, m.Snapshot()))); err != nil {
				t.Fatal(err)
			}
			if got := *restored.Settings(); got != want {
				t.Errorf("after a snapshot %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestBalancingByDataNeedsADatabase(t *testing.T) {
	b := testBootstrap()
	b.Settings.Database = ""
	m := New()
	if r := apply(t, m, b); r.Err != nil {
		t.Fatal(r.Err)
	}
	before := *m.Settings()
	r := apply(t, m, ChangeSettings{MaxShareMille: new(uint32(300)), Balance: new(BalanceData)})
	if !errors.Is(r.Err, ErrBadChange) || r.LibrariesChanged {
		t.Errorf("got %+v", r)
	}
	if got := *m.Settings(); got != before {
		t.Errorf("half of it was changed: %+v", got)
	}
	b.Settings.Balance = BalanceData
	if _, err := b.Encode(); !errors.Is(err, ErrBadChange) {
		t.Errorf("bootstrap: %v", err)
	}
}

func TestSettingsCannotChangeBeforeBootstrap(t *testing.T) {
	m := New()
	r := apply(t, m, ChangeSettings{Balance: new(BalanceData)})
	if !errors.Is(r.Err, ErrBadChange) || r.LibrariesChanged || m.Settings() != nil {
		t.Errorf("got %+v, %+v", r, m.Settings())
	}
}

// badSettings are changes that nobody may propose, and that Apply refuses.
var badSettings = []*fsmpb.ChangeSettings{
	nil,
	{},
	{MaxShareMille: new(uint32(0))},
	{MaxShareMille: new(uint32(1001))},
	{MaxShareMille: new(uint32(math.MaxUint32))},
	{Balance: new(fsmpb.Balance(2))},
	{Balance: new(fsmpb.Balance(-1))},
	{Balance: new(fsmpb.Balance(256))},
	{MaxShareMille: new(uint32(300)), Balance: new(fsmpb.Balance(2))},
}

func TestBadSettingsAreRefusedEverywhere(t *testing.T) {
	m := bootstrapped(t)
	before := *m.Settings()
	for _, p := range badSettings {
		if c, err := ChangeSettingsFromProto(p); !errors.Is(err, ErrBadChange) {
			t.Errorf("%v was taken for %+v, %v", p, c, err)
		}
		command, err := encodeCommand(&fsmpb.Command{Body: &fsmpb.Command_ChangeSettings{ChangeSettings: p}})
		if err != nil {
			t.Fatal(err)
		}
		r, err := m.Apply(m.AppliedIndex()+1, command)
		if err != nil || !errors.Is(r.Err, ErrBadChange) || *m.Settings() != before {
			t.Errorf("%v: %+v, %v, settings %+v", p, r, err, m.Settings())
		}
	}
	if _, err := (ChangeSettings{}).Encode(); !errors.Is(err, ErrBadChange) {
		t.Errorf("a change of nothing: %v", err)
	}
}

func TestSettingsTravel(t *testing.T) {
	for _, c := range []ChangeSettings{
		{MaxShareMille: new(uint32(1))},
		{Balance: new(BalancePlacements)},
		{MaxShareMille: new(uint32(1000)), Balance: new(BalanceData)},
	} {
		got, err := ChangeSettingsFromProto(c.Proto())
		if err != nil || !reflect.DeepEqual(got, c) {
			t.Errorf("%+v arrived as %+v, %v", c, got, err)
		}
	}
}

func TestSharesAreReadAndWritten(t *testing.T) {
	for text, mille := range map[string]uint32{"0.001": 1, "0.3": 300, "0.25": 250, "0.999": 999, "1": 1000} {
		if got, ok := ParseShare(text); !ok || got != mille {
			t.Errorf("%s is read as %d, %v", text, got, ok)
		}
		if got := FormatShare(mille); got != text {
			t.Errorf("%d is written as %s", mille, got)
		}
	}
	for text, mille := range map[string]uint32{"0.300": 300, "1.0": 1000} {
		if got, ok := ParseShare(text); !ok || got != mille {
			t.Errorf("%s is read as %d, %v", text, got, ok)
		}
	}
	for _, text := range []string{"", "0", "0.0", "1.001", "2", ".5", "0.", "1.", "0.0001", "-0", "+1", "0.-1", "30%", "3e-1", "0,3", "NaN", " 1"} {
		if got, ok := ParseShare(text); ok {
			t.Errorf("%q was taken for %d", text, got)
		}
	}
	for mille := range uint32(1001) {
		if got, ok := ParseShare(FormatShare(mille)); mille > 0 && (!ok || got != mille) {
			t.Errorf("%d is written as %s and read as %d, %v", mille, FormatShare(mille), got, ok)
		}
	}
}

func TestBalancesHaveWords(t *testing.T) {
	for i, word := range Balances() {
		if got, ok := ParseBalance(word); !ok || got != Balance(i) || got.String() != word {
			t.Errorf("%s is %v, %v", word, got, ok)
		}
	}
	if got, ok := ParseBalance("weights"); ok || got != BalancePlacements {
		t.Errorf("got %v, %v", got, ok)
	}
	if got := fmt.Sprint(Balance(7)); got != "Balance(7)" {
		t.Errorf("got %s", got)
	}
}
