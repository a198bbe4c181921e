// A blind round in C++17, with both sides in one program: a bank asks a centre's server whether numbers are listed, and the server does not
// learn which. docs/blind.md says who learns what.
#include <ctime>
#include <iostream>
#include <string>

#include "bisik.hpp"

int main() try {
  const auto now = static_cast<std::uint64_t>(std::time(nullptr));

  // the centre: a blind feed, open to everybody, who can try nothing without asking
  const auto centre = bisik::Keys::generate("Example Anti-Scam Centre");
  const bisik::SigningFile signing(centre.signing.view());
  const auto key = bisik::OprfKey::generate(signing, "calls");
  bisik::Publisher publisher(signing, bisik::PublishOptions("calls", now).blind(key));
  publisher.add(BISIK_KIND_PHONE, "+6591234567").add(BISIK_KIND_PHONE, "+6581234567");
  const bisik::Buffer file = publisher.publish().open();

  // the bank: prepares a batch, and keeps its state, which is secret
  const auto bank = bisik::Keys::generate("Example Bank");
  bisik::Trust trust;
  trust.add_card(centre.card.view());
  const auto feed = bisik::Feed::open(file.view(), trust, now);
  const bisik::Matcher matcher({&feed});
  bisik::ParseOptions singapore;
  singapore.region("SG");
  const bisik::SigningFile client(bank.signing.view());
  auto prepared = matcher.prepare(BISIK_KIND_PHONE, {"9123 4567", "9123 4568", "not a number"}, client, now, singapore);

  // the centre's server: charges the bank, then answers
  const bisik::OprfServer server(key);
  bisik::Clients clients;
  clients.add_card(bank.card.view());
  const auto budget = bisik_budget_default();
  bisik_account account{};  // a server has one for each client and feed, on its disk
  std::string answers;
  for (std::size_t i = 0; i < prepared.requests(); i++) {
    const auto sent = prepared.request(i);
    const auto request = bisik::BlindRequest::read(sent.bytes.view(), clients);
    server.check(request);
    bisik::charge(budget, account, request.count(), now);
    // here the account and the request's digest go to the disk; only then the answer leaves
    answers += server.blind_evaluate(request).view();
  }
  std::cout << "charged " << account.used_today << "\n";

  // the bank: checks the proofs, and has the answers
  const auto report = matcher.finish(prepared, answers, now);
  for (const auto byte : report.mask(3)) {
    std::cout << (byte & BISIK_MASK_REJECTED ? "not looked up" : byte & BISIK_MASK_HIT ? "hit" : "no hit") << "\n";
  }
  return 0;
} catch (const bisik::Error &error) {
  std::cerr << error.name() << ": " << error.what() << "; " << error.advice() << "\n";
  return 1;
}
