#pragma once

#include <string>
#include <vector>

namespace twilio {

/// The TwiML document that answers an inbound message with these texts, or with nothing. What XML
/// does not allow is left out (XML 1.0 §2.2).
std::string twimlOf(const std::vector<std::string>& replies);

}  // namespace twilio
