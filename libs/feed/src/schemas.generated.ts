// Generated from the types of the events by `npm run docs`; not to be edited.
import type { EventSchema } from './schemas.js';

/** By event type. */
export const generatedSchemas: Readonly<Record<string, EventSchema>> = {
  "AccessTokenIssued": {
    "room": "access",
    "category": "accessToken",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/AccessTokenIssued",
      "title": "AccessTokenIssued",
      "description": "A token was issued to a subject with roles; only a hash of it is kept.",
      "type": "object",
      "properties": {
        "expiresAt": {
          "anyOf": [
            {
              "type": "null"
            },
            {
              "type": "string",
              "format": "date-time"
            }
          ],
          "description": "ISO 8601 UTC; null for a token that does not expire."
        },
        "note": {
          "type": "string",
          "description": "For people."
        },
        "roles": {
          "type": "array",
          "items": {
            "type": "string"
          },
          "description": "What the token allows."
        },
        "secretHash": {
          "type": "string",
          "description": "SHA-256 (hex) of the secret part; the secret itself is nowhere."
        },
        "subject": {
          "type": "string",
          "description": "Who the access token speaks for."
        },
        "tokenId": {
          "type": "string",
          "description": "Access token."
        }
      },
      "required": [
        "expiresAt",
        "note",
        "roles",
        "secretHash",
        "subject",
        "tokenId"
      ]
    }
  },
  "AccessTokenRevoked": {
    "room": "access",
    "category": "accessToken",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/AccessTokenRevoked",
      "title": "AccessTokenRevoked",
      "description": "A token was withdrawn and opens nothing any more.",
      "type": "object",
      "properties": {
        "tokenId": {
          "type": "string",
          "description": "Access token."
        }
      },
      "required": [
        "tokenId"
      ]
    }
  },
  "CustomerRegistered": {
    "room": "contracts",
    "category": "customer",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/CustomerRegistered",
      "title": "CustomerRegistered",
      "description": "A party whose machines are hosted became known under its legal name.",
      "type": "object",
      "properties": {
        "country": {
          "type": "string",
          "description": "ISO 3166-1 alpha-2."
        },
        "customerId": {
          "type": "string",
          "description": "Customer."
        },
        "legalName": {
          "type": "string",
          "description": "Name of the legal person."
        },
        "name": {
          "type": "string",
          "description": "Name for people."
        }
      },
      "required": [
        "country",
        "customerId",
        "legalName",
        "name"
      ]
    }
  },
  "CreditStandingChanged": {
    "room": "contracts",
    "category": "customer",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/CreditStandingChanged",
      "title": "CreditStandingChanged",
      "description": "How far a customer is trusted to pay changed, for a cause.",
      "type": "object",
      "properties": {
        "cause": {
          "type": "string",
          "description": "Why it happened."
        },
        "customerId": {
          "type": "string",
          "description": "Customer."
        },
        "from": {
          "type": "string",
          "enum": [
            "good",
            "stop",
            "watch"
          ],
          "description": "Where it was."
        },
        "standing": {
          "type": "string",
          "enum": [
            "good",
            "stop",
            "watch"
          ],
          "description": "From now on."
        }
      },
      "required": [
        "cause",
        "customerId",
        "from",
        "standing"
      ]
    }
  },
  "CustomerSucceeded": {
    "room": "contracts",
    "category": "customer",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/CustomerSucceeded",
      "title": "CustomerSucceeded",
      "description": "Another customer took the place of a customer.",
      "type": "object",
      "properties": {
        "customerId": {
          "type": "string",
          "description": "Customer."
        },
        "documentDigest": {
          "type": "string",
          "pattern": "^[0-9a-f]{64}$",
          "x-unit": "SHA-256, hex",
          "description": "SHA-256 (hex) of the proof."
        },
        "effectiveOn": {
          "type": "string",
          "format": "date",
          "description": "First day on which it holds, in the time zone of the contract."
        },
        "successorId": {
          "type": "string",
          "description": "The customer that takes its place."
        }
      },
      "required": [
        "customerId",
        "documentDigest",
        "effectiveOn",
        "successorId"
      ]
    }
  },
  "ContractDrafted": {
    "room": "contracts",
    "category": "hostingContract",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/ContractDrafted",
      "title": "ContractDrafted",
      "description": "A hosting contract with a customer was opened for negotiation.",
      "type": "object",
      "properties": {
        "contractId": {
          "type": "string",
          "description": "Hosting contract."
        },
        "currency": {
          "type": "string",
          "description": "ISO 4217."
        },
        "customerId": {
          "type": "string",
          "description": "Customer."
        },
        "reference": {
          "type": "string",
          "description": "The sender's own name for it."
        },
        "timeZone": {
          "type": "string",
          "description": "IANA name; billing months are months in this zone."
        },
        "title": {
          "type": "string",
          "description": "Heading."
        }
      },
      "required": [
        "contractId",
        "currency",
        "customerId",
        "reference",
        "timeZone",
        "title"
      ]
    }
  },
  "ContractExecuted": {
    "room": "contracts",
    "category": "hostingContract",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/ContractExecuted",
      "title": "ContractExecuted",
      "description": "The contract was signed by both parties.",
      "type": "object",
      "properties": {
        "contractId": {
          "type": "string",
          "description": "Hosting contract."
        },
        "documentDigest": {
          "type": "string",
          "pattern": "^[0-9a-f]{64}$",
          "x-unit": "SHA-256, hex",
          "description": "SHA-256 (hex) of the signed document."
        },
        "executedOn": {
          "type": "string",
          "format": "date",
          "description": "Day of the signatures."
        },
        "signatories": {
          "type": "array",
          "items": {
            "$ref": "#/$defs/Signatory"
          },
          "description": "Who signed."
        }
      },
      "required": [
        "contractId",
        "documentDigest",
        "executedOn",
        "signatories"
      ],
      "$defs": {
        "Signatory": {
          "type": "object",
          "properties": {
            "name": {
              "type": "string",
              "description": "Name for people."
            },
            "party": {
              "type": "string",
              "description": "Whom the signatory signs for."
            },
            "title": {
              "type": "string",
              "description": "Heading."
            }
          },
          "required": [
            "name",
            "party"
          ]
        }
      }
    }
  },
  "TermsAdopted": {
    "room": "contracts",
    "category": "hostingContract",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/TermsAdopted",
      "title": "TermsAdopted",
      "description": "A numbered version of the terms was agreed, in force from its effective date.",
      "type": "object",
      "properties": {
        "caps": {
          "$ref": "#/$defs/OrderCaps",
          "description": "Of all orders together, while this version is in force."
        },
        "changes": {
          "type": "string",
          "description": "What is different from the version before, in the words of the parties."
        },
        "clauses": {
          "type": "array",
          "items": {
            "$ref": "#/$defs/Clause"
          },
          "description": "What the terms say, by clause."
        },
        "contractId": {
          "type": "string",
          "description": "Hosting contract."
        },
        "documentDigest": {
          "type": "string",
          "pattern": "^[0-9a-f]{64}$",
          "x-unit": "SHA-256, hex",
          "description": "Of the signed document."
        },
        "effectiveOn": {
          "type": "string",
          "format": "date",
          "description": "First day on which it holds, in the time zone of the contract."
        },
        "kind": {
          "type": "string",
          "enum": [
            "amendment",
            "original",
            "restatement"
          ],
          "description": "The first version is the original; a restatement replaces the whole text."
        },
        "rateCard": {
          "$ref": "#/$defs/RateCard",
          "description": "What is charged, and at which rates."
        },
        "requiredDeposit": {
          "type": "string",
          "description": "Money in the contract's currency that is held before service begins or goes on."
        },
        "termEndsOn": {
          "type": "string",
          "format": "date",
          "description": "Last day of the term; the contract has no end of its own where no version names one."
        },
        "version": {
          "type": "number",
          "description": "1, 2, 3, ..."
        }
      },
      "required": [
        "clauses",
        "contractId",
        "documentDigest",
        "effectiveOn",
        "rateCard",
        "version"
      ],
      "$defs": {
        "Clause": {
          "type": "object",
          "properties": {
            "ref": {
              "type": "string",
              "description": "As the document numbers it, e.g. `4.2`."
            },
            "text": {
              "type": "string",
              "description": "Wording."
            },
            "title": {
              "type": "string",
              "description": "Heading."
            }
          },
          "required": [
            "ref",
            "text",
            "title"
          ]
        },
        "OrderCaps": {
          "description": "The most that may be ordered while the terms are in force; absent means no limit.",
          "type": "object",
          "properties": {
            "powerWatts": {
              "type": "integer",
              "x-unit": "W",
              "description": "Power at the plug."
            },
            "units": {
              "type": "number",
              "description": "Number of machines."
            }
          }
        },
        "RateCard": {
          "description": "What a terms version charges for, and at which rates. Rates are decimal strings.",
          "type": "object",
          "properties": {
            "basis": {
              "type": "string",
              "enum": [
                "flatPerKw",
                "flatPerUnit",
                "meteredKwh",
                "nameplateKwh",
                "passThrough",
                "proceedsShare"
              ],
              "description": "What is measured or counted."
            },
            "currency": {
              "type": "string",
              "description": "ISO 4217; that of the contract."
            },
            "proceedsSharePercent": {
              "type": "string",
              "pattern": "^-?\\d+(\\.\\d+)?$",
              "x-unit": "%, decimal",
              "description": "The host's share of what is mined."
            },
            "ratePerKwMonth": {
              "type": "string",
              "pattern": "^-?\\d+(\\.\\d+)?$",
              "x-unit": "currency a month, decimal",
              "description": "For each kW of capacity a month."
            },
            "ratePerKwh": {
              "type": "string",
              "pattern": "^-?\\d+(\\.\\d+)?$",
              "x-unit": "currency per kWh, decimal",
              "description": "For energy."
            },
            "ratePerUnitMonth": {
              "type": "string",
              "pattern": "^-?\\d+(\\.\\d+)?$",
              "x-unit": "currency a month, decimal",
              "description": "For each machine a month."
            },
            "serviceFeePerKwh": {
              "type": "string",
              "pattern": "^-?\\d+(\\.\\d+)?$",
              "x-unit": "currency per kWh, decimal",
              "description": "For the service, on top of energy at cost."
            }
          },
          "required": [
            "basis",
            "currency"
          ]
        }
      }
    }
  },
  "TermsCorrected": {
    "room": "contracts",
    "category": "hostingContract",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/TermsCorrected",
      "title": "TermsCorrected",
      "description": "A version of the terms had been recorded wrongly; this is what was agreed.",
      "type": "object",
      "properties": {
        "caps": {
          "$ref": "#/$defs/OrderCaps",
          "description": "Most that may be ordered."
        },
        "cause": {
          "type": "string",
          "description": "What was recorded wrongly."
        },
        "clauses": {
          "type": "array",
          "items": {
            "$ref": "#/$defs/Clause"
          },
          "description": "What the terms say, by clause."
        },
        "contractId": {
          "type": "string",
          "description": "Hosting contract."
        },
        "documentDigest": {
          "type": "string",
          "pattern": "^[0-9a-f]{64}$",
          "x-unit": "SHA-256, hex",
          "description": "Of the signed document."
        },
        "effectiveOn": {
          "type": "string",
          "format": "date",
          "description": "That of the version; a correction does not move it."
        },
        "rateCard": {
          "$ref": "#/$defs/RateCard",
          "description": "What is charged, and at which rates."
        },
        "requiredDeposit": {
          "type": "string",
          "description": "Money in the contract's currency that is held before service begins or goes on."
        },
        "termEndsOn": {
          "type": "string",
          "format": "date",
          "description": "Last day of the term."
        },
        "version": {
          "type": "number",
          "description": "Counted from 1."
        }
      },
      "required": [
        "cause",
        "clauses",
        "contractId",
        "documentDigest",
        "effectiveOn",
        "rateCard",
        "version"
      ],
      "$defs": {
        "Clause": {
          "type": "object",
          "properties": {
            "ref": {
              "type": "string",
              "description": "As the document numbers it, e.g. `4.2`."
            },
            "text": {
              "type": "string",
              "description": "Wording."
            },
            "title": {
              "type": "string",
              "description": "Heading."
            }
          },
          "required": [
            "ref",
            "text",
            "title"
          ]
        },
        "OrderCaps": {
          "description": "The most that may be ordered while the terms are in force; absent means no limit.",
          "type": "object",
          "properties": {
            "powerWatts": {
              "type": "integer",
              "x-unit": "W",
              "description": "Power at the plug."
            },
            "units": {
              "type": "number",
              "description": "Number of machines."
            }
          }
        },
        "RateCard": {
          "description": "What a terms version charges for, and at which rates. Rates are decimal strings.",
          "type": "object",
          "properties": {
            "basis": {
              "type": "string",
              "enum": [
                "flatPerKw",
                "flatPerUnit",
                "meteredKwh",
                "nameplateKwh",
                "passThrough",
                "proceedsShare"
              ],
              "description": "What is measured or counted."
            },
            "currency": {
              "type": "string",
              "description": "ISO 4217; that of the contract."
            },
            "proceedsSharePercent": {
              "type": "string",
              "pattern": "^-?\\d+(\\.\\d+)?$",
              "x-unit": "%, decimal",
              "description": "The host's share of what is mined."
            },
            "ratePerKwMonth": {
              "type": "string",
              "pattern": "^-?\\d+(\\.\\d+)?$",
              "x-unit": "currency a month, decimal",
              "description": "For each kW of capacity a month."
            },
            "ratePerKwh": {
              "type": "string",
              "pattern": "^-?\\d+(\\.\\d+)?$",
              "x-unit": "currency per kWh, decimal",
              "description": "For energy."
            },
            "ratePerUnitMonth": {
              "type": "string",
              "pattern": "^-?\\d+(\\.\\d+)?$",
              "x-unit": "currency a month, decimal",
              "description": "For each machine a month."
            },
            "serviceFeePerKwh": {
              "type": "string",
              "pattern": "^-?\\d+(\\.\\d+)?$",
              "x-unit": "currency per kWh, decimal",
              "description": "For the service, on top of energy at cost."
            }
          },
          "required": [
            "basis",
            "currency"
          ]
        }
      }
    }
  },
  "ServiceOrderPlaced": {
    "room": "contracts",
    "category": "hostingContract",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/ServiceOrderPlaced",
      "title": "ServiceOrderPlaced",
      "description": "The customer ordered hosting for a number of machines and their power.",
      "type": "object",
      "properties": {
        "basis": {
          "type": "string",
          "enum": [
            "criticalItLoad",
            "power",
            "units"
          ],
          "description": "`units` where absent."
        },
        "contractId": {
          "type": "string",
          "description": "Hosting contract."
        },
        "customerId": {
          "type": "string",
          "description": "Customer."
        },
        "hashrateGhs": {
          "type": "integer",
          "x-unit": "GH/s",
          "description": "Rated, of all the machines that the order is for; absent where nobody agreed on it."
        },
        "model": {
          "type": "string",
          "description": "Code of the miner model."
        },
        "orderId": {
          "type": "string",
          "description": "Service order."
        },
        "powerWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "For all of them together; with `criticalItLoad` what the machines draw, cooling left out."
        },
        "reference": {
          "type": "string",
          "description": "The sender's own name for it."
        },
        "startsOn": {
          "type": "string",
          "format": "date",
          "description": "First day of the service."
        },
        "units": {
          "type": "number",
          "description": "Machines; where power is ordered, how many are expected, 0 where nobody said."
        }
      },
      "required": [
        "contractId",
        "customerId",
        "orderId",
        "powerWatts",
        "reference",
        "startsOn",
        "units"
      ]
    }
  },
  "CustomerAllocated": {
    "room": "contracts",
    "category": "hostingContract",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/CustomerAllocated",
      "title": "CustomerAllocated",
      "description": "The customer was given capacity at a facility under an order.",
      "type": "object",
      "properties": {
        "allocationId": {
          "type": "string",
          "description": "Allocation of capacity to a service order."
        },
        "contractId": {
          "type": "string",
          "description": "Hosting contract."
        },
        "customerId": {
          "type": "string",
          "description": "Customer."
        },
        "effectiveOn": {
          "type": "string",
          "format": "date",
          "description": "First day on which it holds, in the time zone of the contract."
        },
        "facility": {
          "type": "string",
          "description": "Code of the facility."
        },
        "orderId": {
          "type": "string",
          "description": "Service order."
        },
        "powerWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "Power at the plug."
        },
        "units": {
          "type": "number",
          "description": "Number of machines."
        }
      },
      "required": [
        "allocationId",
        "contractId",
        "customerId",
        "effectiveOn",
        "facility",
        "orderId",
        "powerWatts",
        "units"
      ]
    }
  },
  "AllocationAbandoned": {
    "room": "contracts",
    "category": "hostingContract",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/AllocationAbandoned",
      "title": "AllocationAbandoned",
      "description": "An allocation was refused for good; its capacity can be given back.",
      "type": "object",
      "properties": {
        "allocationId": {
          "type": "string",
          "description": "Allocation of capacity to a service order."
        },
        "code": {
          "type": "string",
          "description": "The rule that refused it."
        },
        "contractId": {
          "type": "string",
          "description": "Hosting contract."
        },
        "detail": {
          "type": "string",
          "description": "In words."
        },
        "facility": {
          "type": "string",
          "description": "Code of the facility."
        },
        "orderId": {
          "type": "string",
          "description": "Service order."
        }
      },
      "required": [
        "allocationId",
        "code",
        "contractId",
        "detail",
        "facility",
        "orderId"
      ]
    }
  },
  "AllocationReduced": {
    "room": "contracts",
    "category": "hostingContract",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/AllocationReduced",
      "title": "AllocationReduced",
      "description": "The customer gave capacity back, or it was taken, from a day on.",
      "type": "object",
      "properties": {
        "allocationId": {
          "type": "string",
          "description": "Allocation of capacity to a service order."
        },
        "cause": {
          "type": "string",
          "description": "Why it happened."
        },
        "contractId": {
          "type": "string",
          "description": "Hosting contract."
        },
        "customerId": {
          "type": "string",
          "description": "Customer."
        },
        "effectiveOn": {
          "type": "string",
          "format": "date",
          "description": "First day on which it holds, in the time zone of the contract."
        },
        "facility": {
          "type": "string",
          "description": "Code of the facility."
        },
        "orderId": {
          "type": "string",
          "description": "Service order."
        },
        "powerWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "Power at the plug."
        },
        "reductionId": {
          "type": "string",
          "description": "Reduction of the allocation."
        },
        "units": {
          "type": "number",
          "description": "By how many; what is left is less by them from that day on."
        }
      },
      "required": [
        "allocationId",
        "cause",
        "contractId",
        "customerId",
        "effectiveOn",
        "facility",
        "orderId",
        "powerWatts",
        "reductionId",
        "units"
      ]
    }
  },
  "MachinesAssigned": {
    "room": "contracts",
    "category": "hostingContract",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/MachinesAssigned",
      "title": "MachinesAssigned",
      "description": "Machines of the customer took up a part of an allocation.",
      "type": "object",
      "properties": {
        "allocationId": {
          "type": "string",
          "description": "Allocation of capacity to a service order."
        },
        "assignmentId": {
          "type": "string",
          "description": "Assignment of machines to an allocation."
        },
        "contractId": {
          "type": "string",
          "description": "Hosting contract."
        },
        "customerId": {
          "type": "string",
          "description": "Customer."
        },
        "machines": {
          "type": "array",
          "items": {
            "type": "object",
            "properties": {
              "powerWatts": {
                "type": "integer",
                "x-unit": "W",
                "description": "Power at the plug."
              },
              "serial": {
                "type": "string",
                "description": "Serial number of the machine, upper case."
              }
            },
            "required": [
              "powerWatts",
              "serial"
            ]
          },
          "description": "At most 500, so that the assignment can be finished from here."
        },
        "orderId": {
          "type": "string",
          "description": "Service order."
        },
        "powerWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "Of all of them together."
        },
        "units": {
          "type": "number",
          "description": "Number of machines."
        }
      },
      "required": [
        "allocationId",
        "assignmentId",
        "contractId",
        "customerId",
        "orderId",
        "powerWatts",
        "units"
      ]
    }
  },
  "AssignmentReleased": {
    "room": "contracts",
    "category": "hostingContract",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/AssignmentReleased",
      "title": "AssignmentReleased",
      "description": "Machines left their part of an allocation.",
      "type": "object",
      "properties": {
        "allocationId": {
          "type": "string",
          "description": "Allocation of capacity to a service order."
        },
        "assignmentId": {
          "type": "string",
          "description": "Assignment of machines to an allocation."
        },
        "cause": {
          "type": "string",
          "description": "Why it happened."
        },
        "contractId": {
          "type": "string",
          "description": "Hosting contract."
        },
        "orderId": {
          "type": "string",
          "description": "Service order."
        },
        "powerWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "Power at the plug."
        },
        "units": {
          "type": "number",
          "description": "Of the machines assigned, those that are so no longer."
        },
        "upTo": {
          "type": "string",
          "description": "Position in the log of the last `MinerUnassigned` that is counted in."
        }
      },
      "required": [
        "allocationId",
        "assignmentId",
        "cause",
        "contractId",
        "orderId",
        "powerWatts",
        "units"
      ]
    }
  },
  "MinersDelivered": {
    "room": "contracts",
    "category": "hostingContract",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/MinersDelivered",
      "title": "MinersDelivered",
      "description": "A delivery under the contract was reconciled: what came, by model.",
      "type": "object",
      "properties": {
        "accepted": {
          "type": "number",
          "description": "Received and found good; absent where it was not told apart from received."
        },
        "byModel": {
          "type": "array",
          "items": {
            "$ref": "#/$defs/DeliveredModel"
          },
          "description": "The same, by model."
        },
        "contractId": {
          "type": "string",
          "description": "Hosting contract."
        },
        "customerId": {
          "type": "string",
          "description": "Customer."
        },
        "deliveryId": {
          "type": "string",
          "description": "Delivery."
        },
        "facility": {
          "type": "string",
          "description": "Code of the facility."
        },
        "hashrateGhs": {
          "type": "integer",
          "x-unit": "GH/s",
          "description": "Rated, of what was received."
        },
        "lines": {
          "type": "number",
          "description": "received + missing + refused"
        },
        "missing": {
          "type": "number",
          "description": "On the manifest, not at the dock."
        },
        "received": {
          "type": "number",
          "description": "Taken into the fleet."
        },
        "reconciledAt": {
          "type": "string",
          "format": "date-time",
          "description": "When every line was accounted for."
        },
        "reference": {
          "type": "string",
          "description": "The sender's own name for it."
        },
        "refused": {
          "type": "number",
          "description": "Not taken into the fleet."
        }
      },
      "required": [
        "byModel",
        "contractId",
        "customerId",
        "deliveryId",
        "facility",
        "hashrateGhs",
        "lines",
        "missing",
        "received",
        "reconciledAt",
        "reference",
        "refused"
      ],
      "$defs": {
        "DeliveredModel": {
          "type": "object",
          "properties": {
            "hashrateGhs": {
              "type": "integer",
              "x-unit": "GH/s",
              "description": "Rated hashrate."
            },
            "model": {
              "type": "string",
              "description": "Code of the miner model."
            },
            "nameplateWatts": {
              "type": "integer",
              "x-unit": "W",
              "description": "Of all units together."
            },
            "units": {
              "type": "number",
              "description": "Number of machines."
            }
          },
          "required": [
            "hashrateGhs",
            "model",
            "nameplateWatts",
            "units"
          ]
        }
      }
    }
  },
  "DeliveredMinersAmended": {
    "room": "contracts",
    "category": "hostingContract",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/DeliveredMinersAmended",
      "title": "DeliveredMinersAmended",
      "description": "What was delivered changed after it was reported: the numbers after it.",
      "type": "object",
      "properties": {
        "accepted": {
          "type": "number",
          "description": "Received and found good."
        },
        "amendedAt": {
          "type": "string",
          "format": "date-time",
          "description": "When the numbers changed."
        },
        "amendment": {
          "type": "number",
          "description": "Counted from 1; the highest holds."
        },
        "byModel": {
          "type": "array",
          "items": {
            "$ref": "#/$defs/DeliveredModel"
          },
          "description": "The same, by model."
        },
        "change": {
          "type": "object",
          "properties": {
            "accepted": {
              "type": "number",
              "description": "Number of those found good."
            },
            "hashrateGhs": {
              "type": "integer",
              "x-unit": "GH/s",
              "description": "Rated hashrate."
            },
            "nameplateWatts": {
              "type": "integer",
              "x-unit": "W",
              "description": "Rated power."
            },
            "units": {
              "type": "number",
              "description": "Number of machines."
            }
          },
          "required": [
            "accepted",
            "hashrateGhs",
            "nameplateWatts",
            "units"
          ],
          "description": "Of all machines, against the report or amendment before; may be below zero."
        },
        "contractId": {
          "type": "string",
          "description": "Hosting contract."
        },
        "customerId": {
          "type": "string",
          "description": "Customer."
        },
        "deliveryId": {
          "type": "string",
          "description": "Delivery."
        },
        "extra": {
          "type": "number",
          "description": "Taken in although no line named them."
        },
        "facility": {
          "type": "string",
          "description": "Code of the facility."
        },
        "hashrateGhs": {
          "type": "integer",
          "x-unit": "GH/s",
          "description": "Rated, of what was received and of what came beside the lines."
        },
        "lines": {
          "type": "number",
          "description": "received + missing + refused"
        },
        "missing": {
          "type": "number",
          "description": "On the manifest, not at the dock."
        },
        "received": {
          "type": "number",
          "description": "Taken into the fleet."
        },
        "reference": {
          "type": "string",
          "description": "The sender's own name for it."
        },
        "refused": {
          "type": "number",
          "description": "Not taken into the fleet."
        },
        "returned": {
          "type": "number",
          "description": "Of those refused, received at first and sent back."
        }
      },
      "required": [
        "accepted",
        "amendedAt",
        "amendment",
        "byModel",
        "change",
        "contractId",
        "customerId",
        "deliveryId",
        "extra",
        "facility",
        "hashrateGhs",
        "lines",
        "missing",
        "received",
        "reference",
        "refused",
        "returned"
      ],
      "$defs": {
        "DeliveredModel": {
          "type": "object",
          "properties": {
            "hashrateGhs": {
              "type": "integer",
              "x-unit": "GH/s",
              "description": "Rated hashrate."
            },
            "model": {
              "type": "string",
              "description": "Code of the miner model."
            },
            "nameplateWatts": {
              "type": "integer",
              "x-unit": "W",
              "description": "Of all units together."
            },
            "units": {
              "type": "number",
              "description": "Number of machines."
            }
          },
          "required": [
            "hashrateGhs",
            "model",
            "nameplateWatts",
            "units"
          ]
        }
      }
    }
  },
  "DepositReceived": {
    "room": "contracts",
    "category": "hostingContract",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/DepositReceived",
      "title": "DepositReceived",
      "description": "The customer paid a deposit.",
      "type": "object",
      "properties": {
        "amount": {
          "type": "string",
          "pattern": "^-?\\d+(\\.\\d+)?$",
          "x-unit": "currency, decimal",
          "description": "Decimal, in units of the currency."
        },
        "contractId": {
          "type": "string",
          "description": "Hosting contract."
        },
        "currency": {
          "type": "string",
          "description": "ISO 4217; that of the contract."
        },
        "customerId": {
          "type": "string",
          "description": "Customer."
        },
        "depositId": {
          "type": "string",
          "description": "Deposit."
        },
        "receivedOn": {
          "type": "string",
          "format": "date",
          "description": "Day of the receipt."
        },
        "reference": {
          "type": "string",
          "description": "The sender's own name for it."
        }
      },
      "required": [
        "amount",
        "contractId",
        "currency",
        "customerId",
        "depositId",
        "receivedOn",
        "reference"
      ]
    }
  },
  "DepositDrawn": {
    "room": "contracts",
    "category": "hostingContract",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/DepositDrawn",
      "title": "DepositDrawn",
      "description": "A part of a deposit was kept for what the customer owed.",
      "type": "object",
      "properties": {
        "amount": {
          "type": "string",
          "pattern": "^-?\\d+(\\.\\d+)?$",
          "x-unit": "currency, decimal",
          "description": "How much money."
        },
        "cause": {
          "type": "string",
          "description": "What it was kept for."
        },
        "contractId": {
          "type": "string",
          "description": "Hosting contract."
        },
        "currency": {
          "type": "string",
          "description": "ISO 4217."
        },
        "customerId": {
          "type": "string",
          "description": "Customer."
        },
        "depositId": {
          "type": "string",
          "description": "Deposit."
        },
        "drawId": {
          "type": "string",
          "description": "Draw on the deposit."
        },
        "drawnOn": {
          "type": "string",
          "format": "date",
          "description": "Day on which it was kept."
        },
        "reference": {
          "type": "string",
          "description": "The sender's own name for it."
        }
      },
      "required": [
        "amount",
        "cause",
        "contractId",
        "currency",
        "customerId",
        "depositId",
        "drawId",
        "drawnOn",
        "reference"
      ]
    }
  },
  "DepositRefunded": {
    "room": "contracts",
    "category": "hostingContract",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/DepositRefunded",
      "title": "DepositRefunded",
      "description": "A part of a deposit went back to the customer.",
      "type": "object",
      "properties": {
        "amount": {
          "type": "string",
          "pattern": "^-?\\d+(\\.\\d+)?$",
          "x-unit": "currency, decimal",
          "description": "How much money."
        },
        "contractId": {
          "type": "string",
          "description": "Hosting contract."
        },
        "currency": {
          "type": "string",
          "description": "ISO 4217."
        },
        "customerId": {
          "type": "string",
          "description": "Customer."
        },
        "depositId": {
          "type": "string",
          "description": "Deposit."
        },
        "reference": {
          "type": "string",
          "description": "The sender's own name for it."
        },
        "refundId": {
          "type": "string",
          "description": "Refund of the deposit."
        },
        "refundedOn": {
          "type": "string",
          "format": "date",
          "description": "Day of the refund."
        }
      },
      "required": [
        "amount",
        "contractId",
        "currency",
        "customerId",
        "depositId",
        "reference",
        "refundId",
        "refundedOn"
      ]
    }
  },
  "ContractActivated": {
    "room": "contracts",
    "category": "hostingContract",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/ContractActivated",
      "title": "ContractActivated",
      "description": "The conditions of an executed contract were met; service begins.",
      "type": "object",
      "properties": {
        "activatedOn": {
          "type": "string",
          "format": "date",
          "description": "First day of the service."
        },
        "contractId": {
          "type": "string",
          "description": "Hosting contract."
        }
      },
      "required": [
        "activatedOn",
        "contractId"
      ]
    }
  },
  "ServiceSuspended": {
    "room": "contracts",
    "category": "hostingContract",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/ServiceSuspended",
      "title": "ServiceSuspended",
      "description": "Service under the contract was suspended.",
      "type": "object",
      "properties": {
        "cause": {
          "type": "string",
          "enum": [
            "breach",
            "legal",
            "nonPayment",
            "other",
            "safety"
          ],
          "description": "Why it happened."
        },
        "clauseRef": {
          "type": "string",
          "description": "The clause that allows it, as the document numbers it."
        },
        "contractId": {
          "type": "string",
          "description": "Hosting contract."
        },
        "suspendedOn": {
          "type": "string",
          "format": "date",
          "description": "First day without service."
        }
      },
      "required": [
        "cause",
        "contractId",
        "suspendedOn"
      ]
    }
  },
  "ServiceResumed": {
    "room": "contracts",
    "category": "hostingContract",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/ServiceResumed",
      "title": "ServiceResumed",
      "description": "Service under the contract was taken up again.",
      "type": "object",
      "properties": {
        "contractId": {
          "type": "string",
          "description": "Hosting contract."
        },
        "resumedOn": {
          "type": "string",
          "format": "date",
          "description": "First day of the service again."
        }
      },
      "required": [
        "contractId",
        "resumedOn"
      ]
    }
  },
  "TerminationNoticed": {
    "room": "contracts",
    "category": "hostingContract",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/TerminationNoticed",
      "title": "TerminationNoticed",
      "description": "One side gave notice that the contract ends, not before a day.",
      "type": "object",
      "properties": {
        "by": {
          "type": "string",
          "enum": [
            "customer",
            "host"
          ],
          "description": "Who gave it."
        },
        "clauseRef": {
          "type": "string",
          "description": "Clause of the terms that allows it."
        },
        "contractId": {
          "type": "string",
          "description": "Hosting contract."
        },
        "effectiveOn": {
          "type": "string",
          "format": "date",
          "description": "The day the contract can end on, at the earliest."
        },
        "noticedOn": {
          "type": "string",
          "format": "date",
          "description": "Day of the notice."
        }
      },
      "required": [
        "by",
        "contractId",
        "effectiveOn",
        "noticedOn"
      ]
    }
  },
  "ContractTerminated": {
    "room": "contracts",
    "category": "hostingContract",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/ContractTerminated",
      "title": "ContractTerminated",
      "description": "The contract ended by notice, by agreement or for a cause.",
      "type": "object",
      "properties": {
        "cause": {
          "type": "string",
          "enum": [
            "breach",
            "mutual",
            "nonPayment",
            "notice",
            "other"
          ],
          "description": "Why it happened."
        },
        "contractId": {
          "type": "string",
          "description": "Hosting contract."
        },
        "terminatedOn": {
          "type": "string",
          "format": "date",
          "description": "Last day of the contract."
        }
      },
      "required": [
        "cause",
        "contractId",
        "terminatedOn"
      ]
    }
  },
  "ContractExpired": {
    "room": "contracts",
    "category": "hostingContract",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/ContractExpired",
      "title": "ContractExpired",
      "description": "The term of the contract was over and it was not renewed.",
      "type": "object",
      "properties": {
        "contractId": {
          "type": "string",
          "description": "Hosting contract."
        },
        "expiredOn": {
          "type": "string",
          "format": "date",
          "description": "Last day of the term."
        }
      },
      "required": [
        "contractId",
        "expiredOn"
      ]
    }
  },
  "ContractAssumed": {
    "room": "contracts",
    "category": "hostingContract",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/ContractAssumed",
      "title": "ContractAssumed",
      "description": "A bankruptcy court allowed the contract to be kept as it is.",
      "type": "object",
      "properties": {
        "assumedOn": {
          "type": "string",
          "format": "date",
          "description": "Day of the order."
        },
        "contractId": {
          "type": "string",
          "description": "Hosting contract."
        },
        "ruling": {
          "$ref": "#/$defs/Ruling",
          "description": "Order of the court."
        }
      },
      "required": [
        "assumedOn",
        "contractId",
        "ruling"
      ],
      "$defs": {
        "Ruling": {
          "description": "An order of a bankruptcy court.",
          "type": "object",
          "properties": {
            "court": {
              "type": "string",
              "description": "Court that decided."
            },
            "docket": {
              "type": "string",
              "description": "Case number, and the number of the order on the docket where there is one."
            },
            "documentDigest": {
              "type": "string",
              "pattern": "^[0-9a-f]{64}$",
              "x-unit": "SHA-256, hex",
              "description": "SHA-256 (hex) of the order."
            }
          },
          "required": [
            "court",
            "docket",
            "documentDigest"
          ]
        }
      }
    }
  },
  "ContractRejected": {
    "room": "contracts",
    "category": "hostingContract",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/ContractRejected",
      "title": "ContractRejected",
      "description": "A bankruptcy court allowed the contract to be given up; it ended.",
      "type": "object",
      "properties": {
        "contractId": {
          "type": "string",
          "description": "Hosting contract."
        },
        "rejectedOn": {
          "type": "string",
          "format": "date",
          "description": "Day of the order."
        },
        "ruling": {
          "$ref": "#/$defs/Ruling",
          "description": "Order of the court."
        }
      },
      "required": [
        "contractId",
        "rejectedOn",
        "ruling"
      ],
      "$defs": {
        "Ruling": {
          "description": "An order of a bankruptcy court.",
          "type": "object",
          "properties": {
            "court": {
              "type": "string",
              "description": "Court that decided."
            },
            "docket": {
              "type": "string",
              "description": "Case number, and the number of the order on the docket where there is one."
            },
            "documentDigest": {
              "type": "string",
              "pattern": "^[0-9a-f]{64}$",
              "x-unit": "SHA-256, hex",
              "description": "SHA-256 (hex) of the order."
            }
          },
          "required": [
            "court",
            "docket",
            "documentDigest"
          ]
        }
      }
    }
  },
  "PartyAssigned": {
    "room": "contracts",
    "category": "hostingContract",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/PartyAssigned",
      "title": "PartyAssigned",
      "description": "The contract passed to another customer with all that it holds.",
      "type": "object",
      "properties": {
        "contractId": {
          "type": "string",
          "description": "Hosting contract."
        },
        "documentDigest": {
          "type": "string",
          "pattern": "^[0-9a-f]{64}$",
          "x-unit": "SHA-256, hex",
          "description": "SHA-256 (hex) of the assignment."
        },
        "effectiveOn": {
          "type": "string",
          "format": "date",
          "description": "First day on which it holds, in the time zone of the contract."
        },
        "fromCustomerId": {
          "type": "string",
          "description": "Customer before."
        },
        "toCustomerId": {
          "type": "string",
          "description": "Customer after."
        }
      },
      "required": [
        "contractId",
        "documentDigest",
        "effectiveOn",
        "fromCustomerId",
        "toCustomerId"
      ]
    }
  },
  "CommandKeyClaimed": {
    "room": "eventsourcing",
    "category": "commandKey",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/CommandKeyClaimed",
      "title": "CommandKeyClaimed",
      "description": "An idempotency key was bound to one request, before that began to act.",
      "type": "object",
      "properties": {
        "commandId": {
          "type": "string",
          "description": "Command that claimed it."
        },
        "requestHash": {
          "type": "string",
          "description": "Of the request, so that the same key with another body is refused."
        }
      },
      "required": [
        "commandId",
        "requestHash"
      ]
    }
  },
  "ManifestRegistered": {
    "room": "fleet",
    "category": "delivery",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/ManifestRegistered",
      "title": "ManifestRegistered",
      "description": "A manifest of machines for a contract arrived; its lines are received next.",
      "type": "object",
      "properties": {
        "announcedByModel": {
          "type": "array",
          "items": {
            "$ref": "#/$defs/ModelTotal"
          },
          "description": "What the lines of a known model announce, missing ones included."
        },
        "contractId": {
          "type": "string",
          "description": "Hosting contract."
        },
        "contractedHashrateGhs": {
          "type": "integer",
          "x-unit": "GH/s",
          "description": "Hashrate that is owed with this delivery; without it, what is announced."
        },
        "customerId": {
          "type": "string",
          "description": "Customer."
        },
        "deliveryId": {
          "type": "string",
          "description": "Delivery."
        },
        "digest": {
          "type": "string",
          "pattern": "^[0-9a-f]{64}$",
          "x-unit": "SHA-256, hex",
          "description": "SHA-256 (hex) of the manifest as uploaded."
        },
        "facility": {
          "type": "string",
          "description": "Code of the facility."
        },
        "lineCount": {
          "type": "number",
          "description": "All lines of the manifest, those refused at upload included."
        },
        "operationId": {
          "type": "string",
          "description": "The bulk operation that receives the lines."
        },
        "reference": {
          "type": "string",
          "description": "The sender's own name for it."
        },
        "refusedAtUpload": {
          "type": "number",
          "description": "Lines refused for their form."
        }
      },
      "required": [
        "contractId",
        "customerId",
        "deliveryId",
        "digest",
        "facility",
        "lineCount",
        "operationId",
        "reference",
        "refusedAtUpload"
      ],
      "$defs": {
        "ModelTotal": {
          "description": "Machines of one model, added up.",
          "type": "object",
          "properties": {
            "hashrateGhs": {
              "type": "integer",
              "x-unit": "GH/s",
              "description": "Rated hashrate."
            },
            "model": {
              "type": "string",
              "description": "Code of the miner model."
            },
            "nameplateWatts": {
              "type": "integer",
              "x-unit": "W",
              "description": "Rated power."
            },
            "units": {
              "type": "number",
              "description": "Number of machines."
            }
          },
          "required": [
            "hashrateGhs",
            "model",
            "nameplateWatts",
            "units"
          ]
        }
      }
    }
  },
  "LinesReceived": {
    "room": "fleet",
    "category": "delivery",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/LinesReceived",
      "title": "LinesReceived",
      "description": "A part of the lines was counted at the dock: received, missing or refused.",
      "type": "object",
      "properties": {
        "byModel": {
          "type": "array",
          "items": {
            "$ref": "#/$defs/ModelTotal"
          },
          "description": "The same, by model."
        },
        "chunk": {
          "type": "number",
          "description": "Number of the part, from 0."
        },
        "deliveryId": {
          "type": "string",
          "description": "Delivery."
        },
        "missing": {
          "type": "number",
          "description": "On the manifest, not at the dock."
        },
        "received": {
          "type": "number",
          "description": "Taken into the fleet."
        },
        "refused": {
          "type": "number",
          "description": "Not taken into the fleet: malformed, of an unknown model, a serial that exists, or sent back."
        }
      },
      "required": [
        "byModel",
        "chunk",
        "deliveryId",
        "missing",
        "received",
        "refused"
      ],
      "$defs": {
        "ModelTotal": {
          "description": "Machines of one model, added up.",
          "type": "object",
          "properties": {
            "hashrateGhs": {
              "type": "integer",
              "x-unit": "GH/s",
              "description": "Rated hashrate."
            },
            "model": {
              "type": "string",
              "description": "Code of the miner model."
            },
            "nameplateWatts": {
              "type": "integer",
              "x-unit": "W",
              "description": "Rated power."
            },
            "units": {
              "type": "number",
              "description": "Number of machines."
            }
          },
          "required": [
            "hashrateGhs",
            "model",
            "nameplateWatts",
            "units"
          ]
        }
      }
    }
  },
  "DiscrepancyRaised": {
    "room": "fleet",
    "category": "delivery",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/DiscrepancyRaised",
      "title": "DiscrepancyRaised",
      "description": "A line, or a machine that no line names, is not what it should be.",
      "type": "object",
      "properties": {
        "damaged": {
          "const": true,
          "description": "Found so, of a machine that no line names."
        },
        "deliveryId": {
          "type": "string",
          "description": "Delivery."
        },
        "detail": {
          "type": "string",
          "description": "In words."
        },
        "found": {
          "$ref": "#/$defs/ModelTotal",
          "description": "What the machine is, where the manifest says another model; one unit."
        },
        "kind": {
          "type": "string",
          "enum": [
            "damaged",
            "duplicateInManifest",
            "duplicateSerial",
            "malformed",
            "missing",
            "unexpected",
            "unknownModel",
            "wrongModel"
          ],
          "description": "Which kind."
        },
        "line": {
          "type": "number",
          "description": "Line of the manifest; 0 for a machine that no line names."
        },
        "machine": {
          "$ref": "#/$defs/ModelTotal",
          "description": "The machine as received, or as the line announces it; one unit."
        },
        "serial": {
          "type": "string",
          "description": "Absent where the line has no legible one."
        }
      },
      "required": [
        "deliveryId",
        "detail",
        "kind",
        "line"
      ],
      "$defs": {
        "ModelTotal": {
          "description": "Machines of one model, added up.",
          "type": "object",
          "properties": {
            "hashrateGhs": {
              "type": "integer",
              "x-unit": "GH/s",
              "description": "Rated hashrate."
            },
            "model": {
              "type": "string",
              "description": "Code of the miner model."
            },
            "nameplateWatts": {
              "type": "integer",
              "x-unit": "W",
              "description": "Rated power."
            },
            "units": {
              "type": "number",
              "description": "Number of machines."
            }
          },
          "required": [
            "hashrateGhs",
            "model",
            "nameplateWatts",
            "units"
          ]
        }
      }
    }
  },
  "LinesInspected": {
    "room": "fleet",
    "category": "delivery",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/LinesInspected",
      "title": "LinesInspected",
      "description": "Machines of the delivery were inspected and found good.",
      "type": "object",
      "properties": {
        "byModel": {
          "type": "array",
          "items": {
            "$ref": "#/$defs/ModelTotal"
          },
          "description": "The same, by model."
        },
        "deliveryId": {
          "type": "string",
          "description": "Delivery."
        },
        "lines": {
          "type": "array",
          "items": {
            "type": "number"
          },
          "description": "Lines whose machines were found good for the first time."
        },
        "operationId": {
          "type": "string",
          "description": "The bulk operation that brought the findings."
        }
      },
      "required": [
        "byModel",
        "deliveryId",
        "lines",
        "operationId"
      ],
      "$defs": {
        "ModelTotal": {
          "description": "Machines of one model, added up.",
          "type": "object",
          "properties": {
            "hashrateGhs": {
              "type": "integer",
              "x-unit": "GH/s",
              "description": "Rated hashrate."
            },
            "model": {
              "type": "string",
              "description": "Code of the miner model."
            },
            "nameplateWatts": {
              "type": "integer",
              "x-unit": "W",
              "description": "Rated power."
            },
            "units": {
              "type": "number",
              "description": "Number of machines."
            }
          },
          "required": [
            "hashrateGhs",
            "model",
            "nameplateWatts",
            "units"
          ]
        }
      }
    }
  },
  "ResolutionBegan": {
    "room": "fleet",
    "category": "delivery",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/ResolutionBegan",
      "title": "ResolutionBegan",
      "description": "A discrepancy is to be resolved by an act on the machine, which comes next.",
      "type": "object",
      "properties": {
        "contractId": {
          "type": "string",
          "description": "Hosting contract."
        },
        "customerId": {
          "type": "string",
          "description": "Customer."
        },
        "damaged": {
          "const": true,
          "description": "Of a machine that comes in."
        },
        "deliveryId": {
          "type": "string",
          "description": "Delivery."
        },
        "discrepancyId": {
          "type": "string",
          "description": "Discrepancy."
        },
        "facility": {
          "type": "string",
          "description": "Code of the facility."
        },
        "kind": {
          "type": "string",
          "enum": [
            "damaged",
            "duplicateInManifest",
            "duplicateSerial",
            "malformed",
            "missing",
            "unexpected",
            "unknownModel",
            "wrongModel"
          ],
          "description": "Absent where it began before a machine could be taken as another model."
        },
        "line": {
          "type": "number",
          "description": "Line of the manifest; 0 for a machine that no line names."
        },
        "model": {
          "type": "string",
          "description": "Of the machine that comes in or is sent back, or the one that it is taken as."
        },
        "reason": {
          "type": "string",
          "description": "Why, in words."
        },
        "resolution": {
          "type": "string",
          "enum": [
            "accepted",
            "arrivedLate",
            "corrected",
            "credited",
            "returned"
          ],
          "description": "How it was settled."
        },
        "resolvedBy": {
          "type": "string",
          "description": "Subject who settled it."
        },
        "serial": {
          "type": "string",
          "description": "Serial number of the machine, upper case."
        }
      },
      "required": [
        "contractId",
        "customerId",
        "deliveryId",
        "discrepancyId",
        "facility",
        "line",
        "model",
        "reason",
        "resolution",
        "resolvedBy",
        "serial"
      ]
    }
  },
  "ResolutionFailed": {
    "room": "fleet",
    "category": "delivery",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/ResolutionFailed",
      "title": "ResolutionFailed",
      "description": "The machine refused that act; the discrepancy is open again.",
      "type": "object",
      "properties": {
        "code": {
          "type": "string",
          "description": "Code of the rule that refused; see problems.md."
        },
        "deliveryId": {
          "type": "string",
          "description": "Delivery."
        },
        "detail": {
          "type": "string",
          "description": "The refusal in words."
        },
        "discrepancyId": {
          "type": "string",
          "description": "Discrepancy."
        }
      },
      "required": [
        "code",
        "deliveryId",
        "detail",
        "discrepancyId"
      ]
    }
  },
  "DiscrepancyResolved": {
    "room": "fleet",
    "category": "delivery",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/DiscrepancyResolved",
      "title": "DiscrepancyResolved",
      "description": "What was not as it should be was settled, by whom and why.",
      "type": "object",
      "properties": {
        "deliveryId": {
          "type": "string",
          "description": "Delivery."
        },
        "discrepancyId": {
          "type": "string",
          "description": "Discrepancy."
        },
        "kind": {
          "type": "string",
          "enum": [
            "damaged",
            "duplicateInManifest",
            "duplicateSerial",
            "malformed",
            "missing",
            "unexpected",
            "unknownModel",
            "wrongModel"
          ],
          "description": "Which kind."
        },
        "line": {
          "type": "number",
          "description": "Line of the upload, counted as the uploader's file counts."
        },
        "machine": {
          "$ref": "#/$defs/ModelTotal",
          "description": "The machine that came in, one unit."
        },
        "reason": {
          "type": "string",
          "description": "Why, in words."
        },
        "resolution": {
          "type": "string",
          "enum": [
            "accepted",
            "arrivedLate",
            "corrected",
            "credited",
            "returned"
          ],
          "description": "How it was settled."
        },
        "resolvedBy": {
          "type": "string",
          "description": "Subject who settled it."
        },
        "serial": {
          "type": "string",
          "description": "Serial number of the machine, upper case."
        },
        "waivedHashrateGhs": {
          "type": "integer",
          "x-unit": "GH/s",
          "description": "Hashrate credited instead of delivered."
        }
      },
      "required": [
        "deliveryId",
        "discrepancyId",
        "kind",
        "line",
        "reason",
        "resolution",
        "resolvedBy"
      ],
      "$defs": {
        "ModelTotal": {
          "description": "Machines of one model, added up.",
          "type": "object",
          "properties": {
            "hashrateGhs": {
              "type": "integer",
              "x-unit": "GH/s",
              "description": "Rated hashrate."
            },
            "model": {
              "type": "string",
              "description": "Code of the miner model."
            },
            "nameplateWatts": {
              "type": "integer",
              "x-unit": "W",
              "description": "Rated power."
            },
            "units": {
              "type": "number",
              "description": "Number of machines."
            }
          },
          "required": [
            "hashrateGhs",
            "model",
            "nameplateWatts",
            "units"
          ]
        }
      }
    }
  },
  "DeliveryRecounted": {
    "room": "fleet",
    "category": "delivery",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/DeliveryRecounted",
      "title": "DeliveryRecounted",
      "description": "The numbers of a delivery that is not reconciled yet changed.",
      "type": "object",
      "properties": {
        "accepted": {
          "type": "number",
          "description": "Received and found good, by inspection or because nobody complained until it was reconciled."
        },
        "acceptedByModel": {
          "type": "array",
          "items": {
            "$ref": "#/$defs/ModelTotal"
          },
          "description": "The same of those accepted, by model."
        },
        "byModel": {
          "type": "array",
          "items": {
            "$ref": "#/$defs/ModelTotal"
          },
          "description": "What was received on lines of the manifest."
        },
        "contractId": {
          "type": "string",
          "description": "Hosting contract."
        },
        "deliveryId": {
          "type": "string",
          "description": "Delivery."
        },
        "extra": {
          "type": "number",
          "description": "Machines taken into the fleet that no line named; beside the lines."
        },
        "extraByModel": {
          "type": "array",
          "items": {
            "$ref": "#/$defs/ModelTotal"
          },
          "description": "The same of those beside the lines, by model."
        },
        "missing": {
          "type": "number",
          "description": "On the manifest, not at the dock."
        },
        "received": {
          "type": "number",
          "description": "Taken into the fleet."
        },
        "refused": {
          "type": "number",
          "description": "Not taken into the fleet: malformed, of an unknown model, a serial that exists, or sent back."
        },
        "returned": {
          "type": "number",
          "description": "Of those refused: received at first and sent back."
        },
        "waivedHashrateGhs": {
          "type": "integer",
          "x-unit": "GH/s",
          "description": "Hashrate that the supplier credited instead of delivering it."
        }
      },
      "required": [
        "accepted",
        "acceptedByModel",
        "byModel",
        "contractId",
        "deliveryId",
        "extra",
        "extraByModel",
        "missing",
        "received",
        "refused",
        "returned",
        "waivedHashrateGhs"
      ],
      "$defs": {
        "ModelTotal": {
          "description": "Machines of one model, added up.",
          "type": "object",
          "properties": {
            "hashrateGhs": {
              "type": "integer",
              "x-unit": "GH/s",
              "description": "Rated hashrate."
            },
            "model": {
              "type": "string",
              "description": "Code of the miner model."
            },
            "nameplateWatts": {
              "type": "integer",
              "x-unit": "W",
              "description": "Rated power."
            },
            "units": {
              "type": "number",
              "description": "Number of machines."
            }
          },
          "required": [
            "hashrateGhs",
            "model",
            "nameplateWatts",
            "units"
          ]
        }
      }
    }
  },
  "DeliveryReconciled": {
    "room": "fleet",
    "category": "delivery",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/DeliveryReconciled",
      "title": "DeliveryReconciled",
      "description": "Every line is accounted for; what was delivered is reported to the contract.",
      "type": "object",
      "properties": {
        "accepted": {
          "type": "number",
          "description": "Received and found good, by inspection or because nobody complained until it was reconciled."
        },
        "acceptedByModel": {
          "type": "array",
          "items": {
            "$ref": "#/$defs/ModelTotal"
          },
          "description": "The same of those accepted, by model."
        },
        "byModel": {
          "type": "array",
          "items": {
            "$ref": "#/$defs/ModelTotal"
          },
          "description": "What was received on lines of the manifest."
        },
        "contractId": {
          "type": "string",
          "description": "Hosting contract."
        },
        "customerId": {
          "type": "string",
          "description": "Customer."
        },
        "deliveryId": {
          "type": "string",
          "description": "Delivery."
        },
        "extra": {
          "type": "number",
          "description": "Machines taken into the fleet that no line named; beside the lines."
        },
        "extraByModel": {
          "type": "array",
          "items": {
            "$ref": "#/$defs/ModelTotal"
          },
          "description": "The same of those beside the lines, by model."
        },
        "facility": {
          "type": "string",
          "description": "Code of the facility."
        },
        "hashrateGhs": {
          "type": "integer",
          "x-unit": "GH/s",
          "description": "Rated hashrate."
        },
        "lines": {
          "type": "number",
          "description": "Number of lines."
        },
        "missing": {
          "type": "number",
          "description": "On the manifest, not at the dock."
        },
        "received": {
          "type": "number",
          "description": "Taken into the fleet."
        },
        "reconciledAt": {
          "type": "string",
          "format": "date-time",
          "description": "When every line was accounted for."
        },
        "reference": {
          "type": "string",
          "description": "The sender's own name for it."
        },
        "refused": {
          "type": "number",
          "description": "Not taken into the fleet: malformed, of an unknown model, a serial that exists, or sent back."
        },
        "returned": {
          "type": "number",
          "description": "Of those refused: received at first and sent back."
        },
        "waivedHashrateGhs": {
          "type": "integer",
          "x-unit": "GH/s",
          "description": "Hashrate that the supplier credited instead of delivering it."
        }
      },
      "required": [
        "byModel",
        "contractId",
        "customerId",
        "deliveryId",
        "facility",
        "hashrateGhs",
        "lines",
        "missing",
        "received",
        "reconciledAt",
        "reference",
        "refused"
      ],
      "$defs": {
        "ModelTotal": {
          "description": "Machines of one model, added up.",
          "type": "object",
          "properties": {
            "hashrateGhs": {
              "type": "integer",
              "x-unit": "GH/s",
              "description": "Rated hashrate."
            },
            "model": {
              "type": "string",
              "description": "Code of the miner model."
            },
            "nameplateWatts": {
              "type": "integer",
              "x-unit": "W",
              "description": "Rated power."
            },
            "units": {
              "type": "number",
              "description": "Number of machines."
            }
          },
          "required": [
            "hashrateGhs",
            "model",
            "nameplateWatts",
            "units"
          ]
        }
      }
    }
  },
  "DeliveryAmended": {
    "room": "fleet",
    "category": "delivery",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/DeliveryAmended",
      "title": "DeliveryAmended",
      "description": "The numbers of a reconciled delivery changed; the report before it stands.",
      "type": "object",
      "properties": {
        "accepted": {
          "type": "number",
          "description": "Received and found good, by inspection or because nobody complained until it was reconciled."
        },
        "acceptedByModel": {
          "type": "array",
          "items": {
            "$ref": "#/$defs/ModelTotal"
          },
          "description": "The same of those accepted, by model."
        },
        "amendedAt": {
          "type": "string",
          "format": "date-time",
          "description": "When the numbers changed."
        },
        "amendment": {
          "type": "number",
          "description": "Counted from 1; the highest holds."
        },
        "byModel": {
          "type": "array",
          "items": {
            "$ref": "#/$defs/ModelTotal"
          },
          "description": "What was received on lines of the manifest."
        },
        "contractId": {
          "type": "string",
          "description": "Hosting contract."
        },
        "customerId": {
          "type": "string",
          "description": "Customer."
        },
        "deliveryId": {
          "type": "string",
          "description": "Delivery."
        },
        "extra": {
          "type": "number",
          "description": "Machines taken into the fleet that no line named; beside the lines."
        },
        "extraByModel": {
          "type": "array",
          "items": {
            "$ref": "#/$defs/ModelTotal"
          },
          "description": "The same of those beside the lines, by model."
        },
        "facility": {
          "type": "string",
          "description": "Code of the facility."
        },
        "hashrateGhs": {
          "type": "integer",
          "x-unit": "GH/s",
          "description": "Rated, of what was received on lines of the manifest."
        },
        "lines": {
          "type": "number",
          "description": "Number of lines."
        },
        "missing": {
          "type": "number",
          "description": "On the manifest, not at the dock."
        },
        "received": {
          "type": "number",
          "description": "Taken into the fleet."
        },
        "reference": {
          "type": "string",
          "description": "The sender's own name for it."
        },
        "refused": {
          "type": "number",
          "description": "Not taken into the fleet: malformed, of an unknown model, a serial that exists, or sent back."
        },
        "returned": {
          "type": "number",
          "description": "Of those refused: received at first and sent back."
        },
        "waivedHashrateGhs": {
          "type": "integer",
          "x-unit": "GH/s",
          "description": "Hashrate that the supplier credited instead of delivering it."
        }
      },
      "required": [
        "accepted",
        "acceptedByModel",
        "amendedAt",
        "amendment",
        "byModel",
        "contractId",
        "customerId",
        "deliveryId",
        "extra",
        "extraByModel",
        "facility",
        "hashrateGhs",
        "lines",
        "missing",
        "received",
        "reference",
        "refused",
        "returned",
        "waivedHashrateGhs"
      ],
      "$defs": {
        "ModelTotal": {
          "description": "Machines of one model, added up.",
          "type": "object",
          "properties": {
            "hashrateGhs": {
              "type": "integer",
              "x-unit": "GH/s",
              "description": "Rated hashrate."
            },
            "model": {
              "type": "string",
              "description": "Code of the miner model."
            },
            "nameplateWatts": {
              "type": "integer",
              "x-unit": "W",
              "description": "Rated power."
            },
            "units": {
              "type": "number",
              "description": "Number of machines."
            }
          },
          "required": [
            "hashrateGhs",
            "model",
            "nameplateWatts",
            "units"
          ]
        }
      }
    }
  },
  "MinerReceived": {
    "room": "fleet",
    "category": "miner",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/MinerReceived",
      "title": "MinerReceived",
      "description": "A miner arrived with a delivery and stands in storage; its life begins here.",
      "type": "object",
      "properties": {
        "carton": {
          "type": "string",
          "description": "Label of the carton."
        },
        "condition": {
          "type": "string",
          "enum": [
            "damaged",
            "ok"
          ],
          "description": "As seen at the dock."
        },
        "contractId": {
          "type": "string",
          "description": "Hosting contract."
        },
        "controlBoardSerial": {
          "type": "string",
          "description": "Serial number of the control board."
        },
        "customerId": {
          "type": "string",
          "description": "Customer."
        },
        "deliveryId": {
          "type": "string",
          "description": "Delivery."
        },
        "line": {
          "type": "number",
          "description": "Line of the manifest."
        },
        "mac": {
          "type": "string",
          "description": "MAC address, upper case with colons."
        },
        "model": {
          "type": "string",
          "description": "Code of the miner model."
        },
        "nameplateWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "Rated power."
        },
        "pallet": {
          "type": "string",
          "description": "Label of the pallet."
        },
        "place": {
          "$ref": "#/$defs/StoragePlace",
          "description": "Where it is."
        },
        "ratedHashrateGhs": {
          "type": "integer",
          "x-unit": "GH/s",
          "description": "Rated hashrate of one machine."
        },
        "serial": {
          "type": "string",
          "description": "Serial number of the machine, upper case."
        }
      },
      "required": [
        "condition",
        "contractId",
        "customerId",
        "deliveryId",
        "line",
        "model",
        "nameplateWatts",
        "place",
        "ratedHashrateGhs",
        "serial"
      ],
      "$defs": {
        "StoragePlace": {
          "type": "object",
          "properties": {
            "facility": {
              "type": "string",
              "description": "Code of the facility."
            },
            "kind": {
              "const": "storage",
              "description": "Which kind."
            }
          },
          "required": [
            "facility",
            "kind"
          ]
        }
      }
    }
  },
  "MinerInstalled": {
    "room": "fleet",
    "category": "miner",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/MinerInstalled",
      "title": "MinerInstalled",
      "description": "A miner was taken from storage and put into a reserved slot.",
      "type": "object",
      "properties": {
        "customerId": {
          "type": "string",
          "description": "Customer."
        },
        "first": {
          "const": true,
          "description": "It never stood in a slot before: the miner is deployed."
        },
        "from": {
          "$ref": "#/$defs/StoragePlace",
          "description": "Where it was."
        },
        "model": {
          "type": "string",
          "description": "Code of the miner model."
        },
        "powerWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "What it takes from the power limit of the destination rack."
        },
        "ratedHashrateGhs": {
          "type": "integer",
          "x-unit": "GH/s",
          "description": "Rated hashrate of one machine."
        },
        "reservationId": {
          "type": "string",
          "description": "Of the destination slot; the move uses it up."
        },
        "serial": {
          "type": "string",
          "description": "Serial number of the machine, upper case."
        },
        "to": {
          "$ref": "#/$defs/SlotPlace",
          "description": "Where it went."
        }
      },
      "required": [
        "customerId",
        "from",
        "model",
        "powerWatts",
        "ratedHashrateGhs",
        "reservationId",
        "serial",
        "to"
      ],
      "$defs": {
        "SlotPlace": {
          "type": "object",
          "properties": {
            "facility": {
              "type": "string",
              "description": "Code of the facility."
            },
            "kind": {
              "const": "slot",
              "description": "Which kind."
            },
            "rack": {
              "type": "string",
              "description": "Code of the rack within its facility."
            },
            "slot": {
              "type": "number",
              "description": "1 to the rack's slot count."
            }
          },
          "required": [
            "facility",
            "kind",
            "rack",
            "slot"
          ]
        },
        "StoragePlace": {
          "type": "object",
          "properties": {
            "facility": {
              "type": "string",
              "description": "Code of the facility."
            },
            "kind": {
              "const": "storage",
              "description": "Which kind."
            }
          },
          "required": [
            "facility",
            "kind"
          ]
        }
      }
    }
  },
  "MinerRelocated": {
    "room": "fleet",
    "category": "miner",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/MinerRelocated",
      "title": "MinerRelocated",
      "description": "A miner was moved from one slot to another, reserved one.",
      "type": "object",
      "properties": {
        "customerId": {
          "type": "string",
          "description": "Customer."
        },
        "from": {
          "$ref": "#/$defs/SlotPlace",
          "description": "Where it was."
        },
        "fromReservationId": {
          "type": "string",
          "description": "The reservation that had brought the miner to the slot it leaves."
        },
        "model": {
          "type": "string",
          "description": "Code of the miner model."
        },
        "powerWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "What it takes from the power limit of the destination rack."
        },
        "ratedHashrateGhs": {
          "type": "integer",
          "x-unit": "GH/s",
          "description": "Rated hashrate of one machine."
        },
        "reservationId": {
          "type": "string",
          "description": "Of the destination slot; the move uses it up."
        },
        "serial": {
          "type": "string",
          "description": "Serial number of the machine, upper case."
        },
        "to": {
          "$ref": "#/$defs/SlotPlace",
          "description": "Where it went."
        }
      },
      "required": [
        "customerId",
        "from",
        "fromReservationId",
        "model",
        "powerWatts",
        "ratedHashrateGhs",
        "reservationId",
        "serial",
        "to"
      ],
      "$defs": {
        "SlotPlace": {
          "type": "object",
          "properties": {
            "facility": {
              "type": "string",
              "description": "Code of the facility."
            },
            "kind": {
              "const": "slot",
              "description": "Which kind."
            },
            "rack": {
              "type": "string",
              "description": "Code of the rack within its facility."
            },
            "slot": {
              "type": "number",
              "description": "1 to the rack's slot count."
            }
          },
          "required": [
            "facility",
            "kind",
            "rack",
            "slot"
          ]
        }
      }
    }
  },
  "RelocationAbandoned": {
    "room": "fleet",
    "category": "miner",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/RelocationAbandoned",
      "title": "RelocationAbandoned",
      "description": "A move was given up: it can never happen under that reservation any more.",
      "type": "object",
      "properties": {
        "cause": {
          "type": "string",
          "description": "Why it happened."
        },
        "reservationId": {
          "type": "string",
          "description": "Reservation of a slot."
        },
        "serial": {
          "type": "string",
          "description": "Serial number of the machine, upper case."
        }
      },
      "required": [
        "cause",
        "reservationId",
        "serial"
      ]
    }
  },
  "MinerDeparted": {
    "room": "fleet",
    "category": "miner",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/MinerDeparted",
      "title": "MinerDeparted",
      "description": "A miner left for another facility, where a slot is held for it; it is on the road.",
      "type": "object",
      "properties": {
        "customerId": {
          "type": "string",
          "description": "Customer."
        },
        "from": {
          "anyOf": [
            {
              "$ref": "#/$defs/SlotPlace"
            },
            {
              "$ref": "#/$defs/StoragePlace"
            }
          ],
          "description": "Where it was."
        },
        "fromReservationId": {
          "type": "string",
          "description": "The reservation that had brought the miner to the slot it leaves; absent out of storage."
        },
        "model": {
          "type": "string",
          "description": "Code of the miner model."
        },
        "powerWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "What it takes from the power limit of a rack."
        },
        "ratedHashrateGhs": {
          "type": "integer",
          "x-unit": "GH/s",
          "description": "Rated hashrate of one machine."
        },
        "reservationId": {
          "type": "string",
          "description": "Of the slot that is held for it where it goes; arrival does not use it up."
        },
        "serial": {
          "type": "string",
          "description": "Serial number of the machine, upper case."
        },
        "to": {
          "$ref": "#/$defs/TransitPlace",
          "description": "Where it went."
        }
      },
      "required": [
        "customerId",
        "from",
        "model",
        "powerWatts",
        "ratedHashrateGhs",
        "reservationId",
        "serial",
        "to"
      ],
      "$defs": {
        "SlotPlace": {
          "type": "object",
          "properties": {
            "facility": {
              "type": "string",
              "description": "Code of the facility."
            },
            "kind": {
              "const": "slot",
              "description": "Which kind."
            },
            "rack": {
              "type": "string",
              "description": "Code of the rack within its facility."
            },
            "slot": {
              "type": "number",
              "description": "1 to the rack's slot count."
            }
          },
          "required": [
            "facility",
            "kind",
            "rack",
            "slot"
          ]
        },
        "StoragePlace": {
          "type": "object",
          "properties": {
            "facility": {
              "type": "string",
              "description": "Code of the facility."
            },
            "kind": {
              "const": "storage",
              "description": "Which kind."
            }
          },
          "required": [
            "facility",
            "kind"
          ]
        },
        "TransitPlace": {
          "description": "On the road between two facilities.",
          "type": "object",
          "properties": {
            "from": {
              "type": "string",
              "description": "Facility it left."
            },
            "kind": {
              "const": "transit",
              "description": "Which kind."
            },
            "relocationId": {
              "type": "string",
              "description": "The plan under which it was sent."
            },
            "to": {
              "type": "string",
              "description": "Facility it goes to."
            }
          },
          "required": [
            "from",
            "kind",
            "to"
          ]
        }
      }
    }
  },
  "MinerArrived": {
    "room": "fleet",
    "category": "miner",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/MinerArrived",
      "title": "MinerArrived",
      "description": "A miner came off the road and stands in the storage of a facility.",
      "type": "object",
      "properties": {
        "customerId": {
          "type": "string",
          "description": "Customer."
        },
        "from": {
          "$ref": "#/$defs/TransitPlace",
          "description": "Where it was."
        },
        "model": {
          "type": "string",
          "description": "Code of the miner model."
        },
        "powerWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "What it takes from the power limit of a rack."
        },
        "ratedHashrateGhs": {
          "type": "integer",
          "x-unit": "GH/s",
          "description": "Rated hashrate of one machine."
        },
        "serial": {
          "type": "string",
          "description": "Serial number of the machine, upper case."
        },
        "to": {
          "$ref": "#/$defs/StoragePlace",
          "description": "Where it went."
        }
      },
      "required": [
        "customerId",
        "from",
        "model",
        "powerWatts",
        "ratedHashrateGhs",
        "serial",
        "to"
      ],
      "$defs": {
        "StoragePlace": {
          "type": "object",
          "properties": {
            "facility": {
              "type": "string",
              "description": "Code of the facility."
            },
            "kind": {
              "const": "storage",
              "description": "Which kind."
            }
          },
          "required": [
            "facility",
            "kind"
          ]
        },
        "TransitPlace": {
          "description": "On the road between two facilities.",
          "type": "object",
          "properties": {
            "from": {
              "type": "string",
              "description": "Facility it left."
            },
            "kind": {
              "const": "transit",
              "description": "Which kind."
            },
            "relocationId": {
              "type": "string",
              "description": "The plan under which it was sent."
            },
            "to": {
              "type": "string",
              "description": "Facility it goes to."
            }
          },
          "required": [
            "from",
            "kind",
            "to"
          ]
        }
      }
    }
  },
  "MinerUninstalled": {
    "room": "fleet",
    "category": "miner",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/MinerUninstalled",
      "title": "MinerUninstalled",
      "description": "A miner was taken out of its slot into the storage of the facility.",
      "type": "object",
      "properties": {
        "customerId": {
          "type": "string",
          "description": "Customer."
        },
        "from": {
          "$ref": "#/$defs/SlotPlace",
          "description": "Where it was."
        },
        "fromReservationId": {
          "type": "string",
          "description": "The reservation that had brought the miner to the slot it leaves."
        },
        "model": {
          "type": "string",
          "description": "Code of the miner model."
        },
        "powerWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "What it takes from the power limit of a rack."
        },
        "ratedHashrateGhs": {
          "type": "integer",
          "x-unit": "GH/s",
          "description": "Rated hashrate of one machine."
        },
        "removalId": {
          "type": "string",
          "description": "Of this act; the rack names it when the slot is vacated."
        },
        "replacedBy": {
          "type": "string",
          "description": "The spare that takes the slot instead."
        },
        "serial": {
          "type": "string",
          "description": "Serial number of the machine, upper case."
        },
        "to": {
          "$ref": "#/$defs/StoragePlace",
          "description": "Where it went."
        }
      },
      "required": [
        "customerId",
        "from",
        "fromReservationId",
        "model",
        "powerWatts",
        "ratedHashrateGhs",
        "removalId",
        "serial",
        "to"
      ],
      "$defs": {
        "SlotPlace": {
          "type": "object",
          "properties": {
            "facility": {
              "type": "string",
              "description": "Code of the facility."
            },
            "kind": {
              "const": "slot",
              "description": "Which kind."
            },
            "rack": {
              "type": "string",
              "description": "Code of the rack within its facility."
            },
            "slot": {
              "type": "number",
              "description": "1 to the rack's slot count."
            }
          },
          "required": [
            "facility",
            "kind",
            "rack",
            "slot"
          ]
        },
        "StoragePlace": {
          "type": "object",
          "properties": {
            "facility": {
              "type": "string",
              "description": "Code of the facility."
            },
            "kind": {
              "const": "storage",
              "description": "Which kind."
            }
          },
          "required": [
            "facility",
            "kind"
          ]
        }
      }
    }
  },
  "MinerSentToVendor": {
    "room": "fleet",
    "category": "miner",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/MinerSentToVendor",
      "title": "MinerSentToVendor",
      "description": "A miner under repair left for a vendor.",
      "type": "object",
      "properties": {
        "customerId": {
          "type": "string",
          "description": "Customer."
        },
        "from": {
          "$ref": "#/$defs/StoragePlace",
          "description": "Where it was."
        },
        "model": {
          "type": "string",
          "description": "Code of the miner model."
        },
        "powerWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "Power at the plug."
        },
        "ratedHashrateGhs": {
          "type": "integer",
          "x-unit": "GH/s",
          "description": "Rated hashrate of one machine."
        },
        "repairId": {
          "type": "string",
          "description": "Repair."
        },
        "rmaNumber": {
          "type": "string",
          "description": "Return merchandise authorization of the vendor."
        },
        "serial": {
          "type": "string",
          "description": "Serial number of the machine, upper case."
        },
        "to": {
          "$ref": "#/$defs/VendorPlace",
          "description": "Where it went."
        }
      },
      "required": [
        "customerId",
        "from",
        "model",
        "powerWatts",
        "ratedHashrateGhs",
        "repairId",
        "serial",
        "to"
      ],
      "$defs": {
        "StoragePlace": {
          "type": "object",
          "properties": {
            "facility": {
              "type": "string",
              "description": "Code of the facility."
            },
            "kind": {
              "const": "storage",
              "description": "Which kind."
            }
          },
          "required": [
            "facility",
            "kind"
          ]
        },
        "VendorPlace": {
          "description": "At a vendor for repair.",
          "type": "object",
          "properties": {
            "facility": {
              "type": "string",
              "description": "It was sent from here."
            },
            "kind": {
              "const": "vendor",
              "description": "Which kind."
            },
            "vendor": {
              "type": "string",
              "description": "Who repairs it."
            }
          },
          "required": [
            "facility",
            "kind",
            "vendor"
          ]
        }
      }
    }
  },
  "MinerReturnedFromVendor": {
    "room": "fleet",
    "category": "miner",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/MinerReturnedFromVendor",
      "title": "MinerReturnedFromVendor",
      "description": "A miner came back from a vendor into the storage of a facility.",
      "type": "object",
      "properties": {
        "customerId": {
          "type": "string",
          "description": "Customer."
        },
        "from": {
          "$ref": "#/$defs/VendorPlace",
          "description": "Where it was."
        },
        "model": {
          "type": "string",
          "description": "Code of the miner model."
        },
        "powerWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "Power at the plug."
        },
        "ratedHashrateGhs": {
          "type": "integer",
          "x-unit": "GH/s",
          "description": "Rated hashrate of one machine."
        },
        "repairId": {
          "type": "string",
          "description": "Repair."
        },
        "serial": {
          "type": "string",
          "description": "Serial number of the machine, upper case."
        },
        "to": {
          "$ref": "#/$defs/StoragePlace",
          "description": "Where it went."
        }
      },
      "required": [
        "customerId",
        "from",
        "model",
        "powerWatts",
        "ratedHashrateGhs",
        "repairId",
        "serial",
        "to"
      ],
      "$defs": {
        "StoragePlace": {
          "type": "object",
          "properties": {
            "facility": {
              "type": "string",
              "description": "Code of the facility."
            },
            "kind": {
              "const": "storage",
              "description": "Which kind."
            }
          },
          "required": [
            "facility",
            "kind"
          ]
        },
        "VendorPlace": {
          "description": "At a vendor for repair.",
          "type": "object",
          "properties": {
            "facility": {
              "type": "string",
              "description": "It was sent from here."
            },
            "kind": {
              "const": "vendor",
              "description": "Which kind."
            },
            "vendor": {
              "type": "string",
              "description": "Who repairs it."
            }
          },
          "required": [
            "facility",
            "kind",
            "vendor"
          ]
        }
      }
    }
  },
  "MinerAssigned": {
    "room": "fleet",
    "category": "miner",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/MinerAssigned",
      "title": "MinerAssigned",
      "description": "A miner took up a part of an allocation; it is hosted under that contract.",
      "type": "object",
      "properties": {
        "allocationId": {
          "type": "string",
          "description": "Allocation of capacity to a service order."
        },
        "assignmentId": {
          "type": "string",
          "description": "Of the machines that took it up together; the contract counts by it."
        },
        "contractId": {
          "type": "string",
          "description": "Hosting contract."
        },
        "customerId": {
          "type": "string",
          "description": "Customer."
        },
        "energized": {
          "type": "object",
          "properties": {
            "fromContractId": {
              "type": "string",
              "description": "Under which it was counted as energized."
            },
            "powerWatts": {
              "type": "integer",
              "x-unit": "W",
              "description": "Power at the plug."
            },
            "ratedHashrateGhs": {
              "type": "integer",
              "x-unit": "GH/s",
              "description": "Rated hashrate of one machine."
            }
          },
          "required": [
            "fromContractId",
            "powerWatts",
            "ratedHashrateGhs"
          ],
          "description": "It draws power, until then under another contract."
        },
        "orderId": {
          "type": "string",
          "description": "Service order."
        },
        "passedFrom": {
          "type": "string",
          "description": "The machine that it replaced in a bench swap, whose part it takes over as it was counted."
        },
        "powerWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "What it takes of the allocation."
        },
        "serial": {
          "type": "string",
          "description": "Serial number of the machine, upper case."
        }
      },
      "required": [
        "allocationId",
        "assignmentId",
        "contractId",
        "customerId",
        "orderId",
        "powerWatts",
        "serial"
      ]
    }
  },
  "BenchSwapEnded": {
    "room": "fleet",
    "category": "miner",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/BenchSwapEnded",
      "title": "BenchSwapEnded",
      "description": "A miner was replaced in its slot by a spare, or the spare was refused.",
      "type": "object",
      "properties": {
        "code": {
          "type": "string",
          "description": "Code of the rule by which the spare was refused; see problems.md."
        },
        "freed": {
          "type": "object",
          "properties": {
            "allocationId": {
              "type": "string",
              "description": "Allocation of capacity to a service order."
            },
            "assignmentId": {
              "type": "string",
              "description": "Of the machines that took it up together; the contract counts by it."
            },
            "contractId": {
              "type": "string",
              "description": "Hosting contract."
            },
            "orderId": {
              "type": "string",
              "description": "Service order."
            },
            "powerWatts": {
              "type": "integer",
              "x-unit": "W",
              "description": "What it takes of the allocation."
            }
          },
          "required": [
            "allocationId",
            "assignmentId",
            "contractId",
            "orderId",
            "powerWatts"
          ],
          "description": "The part of an allocation that the spare did not take over; it is free again."
        },
        "message": {
          "type": "string",
          "description": "The refusal in words."
        },
        "removalId": {
          "type": "string",
          "description": "Of the `MinerUninstalled` that began it."
        },
        "replaced": {
          "type": "boolean",
          "description": "Whether the spare stands in the slot."
        },
        "serial": {
          "type": "string",
          "description": "Serial number of the machine, upper case."
        },
        "spareSerial": {
          "type": "string",
          "description": "Machine that takes the place."
        }
      },
      "required": [
        "removalId",
        "replaced",
        "serial",
        "spareSerial"
      ]
    }
  },
  "MinerUnassigned": {
    "room": "fleet",
    "category": "miner",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/MinerUnassigned",
      "title": "MinerUnassigned",
      "description": "A miner gave up its part of an allocation.",
      "type": "object",
      "properties": {
        "allocationId": {
          "type": "string",
          "description": "Allocation of capacity to a service order."
        },
        "assignmentId": {
          "type": "string",
          "description": "Of the machines that took it up together; the contract counts by it."
        },
        "cause": {
          "type": "string",
          "enum": [
            "benchSwap",
            "request",
            "retirement",
            "titleTransfer"
          ],
          "description": "Why it happened."
        },
        "contractId": {
          "type": "string",
          "description": "Hosting contract."
        },
        "customerId": {
          "type": "string",
          "description": "Customer."
        },
        "orderId": {
          "type": "string",
          "description": "Service order."
        },
        "passedTo": {
          "type": "object",
          "properties": {
            "removalId": {
              "type": "string",
              "description": "Act by which the machine left its slot."
            },
            "serial": {
              "type": "string",
              "description": "Serial number of the machine, upper case."
            }
          },
          "required": [
            "removalId",
            "serial"
          ],
          "description": "It goes to the spare of a bench swap and stays counted."
        },
        "powerWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "What it takes of the allocation."
        },
        "serial": {
          "type": "string",
          "description": "Serial number of the machine, upper case."
        }
      },
      "required": [
        "allocationId",
        "assignmentId",
        "cause",
        "contractId",
        "customerId",
        "orderId",
        "powerWatts",
        "serial"
      ]
    }
  },
  "PowerProfileChanged": {
    "room": "fleet",
    "category": "miner",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/PowerProfileChanged",
      "title": "PowerProfileChanged",
      "description": "A miner runs at another hashrate and takes other watts from here on.",
      "type": "object",
      "properties": {
        "contractId": {
          "type": "string",
          "description": "Under which it is hosted."
        },
        "customerId": {
          "type": "string",
          "description": "Customer."
        },
        "energized": {
          "type": "boolean",
          "description": "Whether it draws power."
        },
        "fromHashrateGhs": {
          "type": "integer",
          "x-unit": "GH/s",
          "description": "Rated hashrate before."
        },
        "fromWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "Power at the plug before."
        },
        "grant": {
          "$ref": "#/$defs/Grant",
          "description": "Of a machine in a slot."
        },
        "hashrateGhs": {
          "type": "integer",
          "x-unit": "GH/s",
          "description": "Rated hashrate."
        },
        "model": {
          "type": "string",
          "description": "Code of the miner model."
        },
        "place": {
          "anyOf": [
            {
              "$ref": "#/$defs/SlotPlace"
            },
            {
              "$ref": "#/$defs/StoragePlace"
            }
          ],
          "description": "Where it is."
        },
        "powerWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "Power at the plug."
        },
        "profile": {
          "type": "string",
          "description": "As the firmware names it, e.g. `eco`."
        },
        "serial": {
          "type": "string",
          "description": "Serial number of the machine, upper case."
        }
      },
      "required": [
        "contractId",
        "customerId",
        "energized",
        "fromHashrateGhs",
        "fromWatts",
        "hashrateGhs",
        "model",
        "place",
        "powerWatts",
        "profile",
        "serial"
      ],
      "$defs": {
        "Grant": {
          "description": "What the rack of a machine granted it; later grants have higher revisions.",
          "type": "object",
          "properties": {
            "reservationId": {
              "type": "string",
              "description": "Under which the machine stands in its slot."
            },
            "revision": {
              "type": "number",
              "description": "Of the rack's stream."
            }
          },
          "required": [
            "reservationId",
            "revision"
          ]
        },
        "SlotPlace": {
          "type": "object",
          "properties": {
            "facility": {
              "type": "string",
              "description": "Code of the facility."
            },
            "kind": {
              "const": "slot",
              "description": "Which kind."
            },
            "rack": {
              "type": "string",
              "description": "Code of the rack within its facility."
            },
            "slot": {
              "type": "number",
              "description": "1 to the rack's slot count."
            }
          },
          "required": [
            "facility",
            "kind",
            "rack",
            "slot"
          ]
        },
        "StoragePlace": {
          "type": "object",
          "properties": {
            "facility": {
              "type": "string",
              "description": "Code of the facility."
            },
            "kind": {
              "const": "storage",
              "description": "Which kind."
            }
          },
          "required": [
            "facility",
            "kind"
          ]
        }
      }
    }
  },
  "MinerEnergized": {
    "room": "fleet",
    "category": "miner",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/MinerEnergized",
      "title": "MinerEnergized",
      "description": "A miner in a slot began to draw power.",
      "type": "object",
      "properties": {
        "contractId": {
          "type": "string",
          "description": "Under which it is hosted."
        },
        "customerId": {
          "type": "string",
          "description": "Customer."
        },
        "model": {
          "type": "string",
          "description": "Code of the miner model."
        },
        "override": {
          "$ref": "#/$defs/Override",
          "description": "Who let it draw power although its contract is not active, and why."
        },
        "place": {
          "$ref": "#/$defs/SlotPlace",
          "description": "Where it is."
        },
        "powerWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "What it takes from the power limit of its rack."
        },
        "ratedHashrateGhs": {
          "type": "integer",
          "x-unit": "GH/s",
          "description": "Rated hashrate of one machine."
        },
        "serial": {
          "type": "string",
          "description": "Serial number of the machine, upper case."
        }
      },
      "required": [
        "contractId",
        "customerId",
        "model",
        "place",
        "powerWatts",
        "ratedHashrateGhs",
        "serial"
      ],
      "$defs": {
        "Override": {
          "description": "Who let a machine draw power although its contract is not active, and why.",
          "type": "object",
          "properties": {
            "approvedBy": {
              "type": "string",
              "description": "Subject of somebody else than who energizes."
            },
            "reason": {
              "type": "string",
              "description": "Why, in words."
            }
          },
          "required": [
            "approvedBy",
            "reason"
          ]
        },
        "SlotPlace": {
          "type": "object",
          "properties": {
            "facility": {
              "type": "string",
              "description": "Code of the facility."
            },
            "kind": {
              "const": "slot",
              "description": "Which kind."
            },
            "rack": {
              "type": "string",
              "description": "Code of the rack within its facility."
            },
            "slot": {
              "type": "number",
              "description": "1 to the rack's slot count."
            }
          },
          "required": [
            "facility",
            "kind",
            "rack",
            "slot"
          ]
        }
      }
    }
  },
  "MinerDeenergized": {
    "room": "fleet",
    "category": "miner",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/MinerDeenergized",
      "title": "MinerDeenergized",
      "description": "A miner ceased to draw power, for a cause.",
      "type": "object",
      "properties": {
        "cause": {
          "type": "string",
          "enum": [
            "curtailment",
            "customerRequest",
            "fault",
            "maintenance",
            "nonPayment",
            "other",
            "relocation",
            "repair",
            "uninstallation"
          ],
          "description": "Why it happened."
        },
        "contractId": {
          "type": "string",
          "description": "Under which it is hosted."
        },
        "curtailmentId": {
          "type": "string",
          "description": "Curtailment."
        },
        "customerId": {
          "type": "string",
          "description": "Customer."
        },
        "model": {
          "type": "string",
          "description": "Code of the miner model."
        },
        "place": {
          "$ref": "#/$defs/SlotPlace",
          "description": "Where it is."
        },
        "powerWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "What it takes from the power limit of its rack."
        },
        "ratedHashrateGhs": {
          "type": "integer",
          "x-unit": "GH/s",
          "description": "Rated hashrate of one machine."
        },
        "serial": {
          "type": "string",
          "description": "Serial number of the machine, upper case."
        }
      },
      "required": [
        "cause",
        "contractId",
        "customerId",
        "model",
        "place",
        "powerWatts",
        "ratedHashrateGhs",
        "serial"
      ],
      "$defs": {
        "SlotPlace": {
          "type": "object",
          "properties": {
            "facility": {
              "type": "string",
              "description": "Code of the facility."
            },
            "kind": {
              "const": "slot",
              "description": "Which kind."
            },
            "rack": {
              "type": "string",
              "description": "Code of the rack within its facility."
            },
            "slot": {
              "type": "number",
              "description": "1 to the rack's slot count."
            }
          },
          "required": [
            "facility",
            "kind",
            "rack",
            "slot"
          ]
        }
      }
    }
  },
  "ModelCorrected": {
    "room": "fleet",
    "category": "miner",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/ModelCorrected",
      "title": "ModelCorrected",
      "description": "A miner is another model than it was received as, and counts as that.",
      "type": "object",
      "properties": {
        "contractId": {
          "type": "string",
          "description": "Under which it is hosted."
        },
        "customerId": {
          "type": "string",
          "description": "Customer."
        },
        "deliveryId": {
          "type": "string",
          "description": "Delivery."
        },
        "deployed": {
          "$ref": "#/$defs/CountChange",
          "description": "How it was counted when it was installed for the first time; absent if it never was."
        },
        "discrepancyId": {
          "type": "string",
          "description": "By which discrepancy of the delivery it came out."
        },
        "energized": {
          "type": "boolean",
          "description": "Whether it draws power."
        },
        "fromHashrateGhs": {
          "type": "integer",
          "x-unit": "GH/s",
          "description": "The ratings at which it runs; those of a power profile of its own stay as they are."
        },
        "fromModel": {
          "type": "string",
          "description": "As which model it was received."
        },
        "fromWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "Power at the plug before."
        },
        "grant": {
          "$ref": "#/$defs/Grant",
          "description": "Of a machine in a slot."
        },
        "hashrateGhs": {
          "type": "integer",
          "x-unit": "GH/s",
          "description": "Rated hashrate."
        },
        "model": {
          "type": "string",
          "description": "Code of the miner model."
        },
        "nameplateWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "Of the model that it is."
        },
        "place": {
          "anyOf": [
            {
              "$ref": "#/$defs/SlotPlace"
            },
            {
              "$ref": "#/$defs/StoragePlace"
            },
            {
              "$ref": "#/$defs/TransitPlace"
            },
            {
              "$ref": "#/$defs/VendorPlace"
            }
          ],
          "description": "Where it is, or was when it retired."
        },
        "powerWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "Power at the plug."
        },
        "received": {
          "$ref": "#/$defs/CountChange",
          "description": "How it was counted when it was received."
        },
        "retired": {
          "const": true,
          "description": "It had left the fleet by then."
        },
        "serial": {
          "type": "string",
          "description": "Serial number of the machine, upper case."
        }
      },
      "required": [
        "contractId",
        "customerId",
        "deliveryId",
        "discrepancyId",
        "energized",
        "fromHashrateGhs",
        "fromModel",
        "fromWatts",
        "hashrateGhs",
        "model",
        "nameplateWatts",
        "place",
        "powerWatts",
        "received",
        "serial"
      ],
      "$defs": {
        "CountChange": {
          "type": "object",
          "properties": {
            "customerId": {
              "type": "string",
              "description": "Customer."
            },
            "fromHashrateGhs": {
              "type": "integer",
              "x-unit": "GH/s",
              "description": "Rated hashrate before."
            },
            "hashrateGhs": {
              "type": "integer",
              "x-unit": "GH/s",
              "description": "Rated hashrate."
            }
          },
          "required": [
            "customerId",
            "fromHashrateGhs",
            "hashrateGhs"
          ]
        },
        "Grant": {
          "description": "What the rack of a machine granted it; later grants have higher revisions.",
          "type": "object",
          "properties": {
            "reservationId": {
              "type": "string",
              "description": "Under which the machine stands in its slot."
            },
            "revision": {
              "type": "number",
              "description": "Of the rack's stream."
            }
          },
          "required": [
            "reservationId",
            "revision"
          ]
        },
        "SlotPlace": {
          "type": "object",
          "properties": {
            "facility": {
              "type": "string",
              "description": "Code of the facility."
            },
            "kind": {
              "const": "slot",
              "description": "Which kind."
            },
            "rack": {
              "type": "string",
              "description": "Code of the rack within its facility."
            },
            "slot": {
              "type": "number",
              "description": "1 to the rack's slot count."
            }
          },
          "required": [
            "facility",
            "kind",
            "rack",
            "slot"
          ]
        },
        "StoragePlace": {
          "type": "object",
          "properties": {
            "facility": {
              "type": "string",
              "description": "Code of the facility."
            },
            "kind": {
              "const": "storage",
              "description": "Which kind."
            }
          },
          "required": [
            "facility",
            "kind"
          ]
        },
        "TransitPlace": {
          "description": "On the road between two facilities.",
          "type": "object",
          "properties": {
            "from": {
              "type": "string",
              "description": "Facility it left."
            },
            "kind": {
              "const": "transit",
              "description": "Which kind."
            },
            "relocationId": {
              "type": "string",
              "description": "The plan under which it was sent."
            },
            "to": {
              "type": "string",
              "description": "Facility it goes to."
            }
          },
          "required": [
            "from",
            "kind",
            "to"
          ]
        },
        "VendorPlace": {
          "description": "At a vendor for repair.",
          "type": "object",
          "properties": {
            "facility": {
              "type": "string",
              "description": "It was sent from here."
            },
            "kind": {
              "const": "vendor",
              "description": "Which kind."
            },
            "vendor": {
              "type": "string",
              "description": "Who repairs it."
            }
          },
          "required": [
            "facility",
            "kind",
            "vendor"
          ]
        }
      }
    }
  },
  "IdentifierObserved": {
    "room": "fleet",
    "category": "miner",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/IdentifierObserved",
      "title": "IdentifierObserved",
      "description": "A number of a miner or of one of its parts was read off it.",
      "type": "object",
      "properties": {
        "kind": {
          "type": "string",
          "enum": [
            "controlBoard",
            "hashboard",
            "mac",
            "powerSupply"
          ],
          "description": "Which kind."
        },
        "serial": {
          "type": "string",
          "description": "Serial number of the machine, upper case."
        },
        "value": {
          "type": "string",
          "description": "As uploaded."
        }
      },
      "required": [
        "kind",
        "serial",
        "value"
      ]
    }
  },
  "RepairOpened": {
    "room": "fleet",
    "category": "miner",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/RepairOpened",
      "title": "RepairOpened",
      "description": "A fault of a miner was taken up for repair; it draws no power until it is closed.",
      "type": "object",
      "properties": {
        "fault": {
          "type": "string",
          "description": "What is wrong with it, in words."
        },
        "repairId": {
          "type": "string",
          "description": "Repair."
        },
        "rmaNumber": {
          "type": "string",
          "description": "Return merchandise authorization of the vendor."
        },
        "serial": {
          "type": "string",
          "description": "Serial number of the machine, upper case."
        }
      },
      "required": [
        "fault",
        "repairId",
        "serial"
      ]
    }
  },
  "ComponentSwapped": {
    "room": "fleet",
    "category": "miner",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/ComponentSwapped",
      "title": "ComponentSwapped",
      "description": "A part of a miner under repair was replaced by another.",
      "type": "object",
      "properties": {
        "component": {
          "type": "string",
          "enum": [
            "controlBoard",
            "fan",
            "hashboard",
            "powerSupply"
          ],
          "description": "Which part."
        },
        "fittedSerial": {
          "type": "string",
          "description": "Serial number of the part that was put in."
        },
        "removedSerial": {
          "type": "string",
          "description": "Serial number of the part that was taken out."
        },
        "repairId": {
          "type": "string",
          "description": "Repair."
        },
        "serial": {
          "type": "string",
          "description": "Serial number of the machine, upper case."
        }
      },
      "required": [
        "component",
        "fittedSerial",
        "repairId",
        "serial"
      ]
    }
  },
  "RepairClosed": {
    "room": "fleet",
    "category": "miner",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/RepairClosed",
      "title": "RepairClosed",
      "description": "The repair of a miner ended.",
      "type": "object",
      "properties": {
        "outcome": {
          "type": "string",
          "enum": [
            "notRepairable",
            "repaired",
            "replaced"
          ],
          "description": "How it ended."
        },
        "repairId": {
          "type": "string",
          "description": "Repair."
        },
        "serial": {
          "type": "string",
          "description": "Serial number of the machine, upper case."
        }
      },
      "required": [
        "outcome",
        "repairId",
        "serial"
      ]
    }
  },
  "TitleTransferred": {
    "room": "fleet",
    "category": "miner",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/TitleTransferred",
      "title": "TitleTransferred",
      "description": "A miner was sold from one customer to another where it stands.",
      "type": "object",
      "properties": {
        "documentDigest": {
          "type": "string",
          "pattern": "^[0-9a-f]{64}$",
          "x-unit": "SHA-256, hex",
          "description": "SHA-256 (hex) of the bill of sale."
        },
        "effectiveOn": {
          "type": "string",
          "format": "date",
          "description": "First day on which it holds, in the time zone of the contract."
        },
        "energized": {
          "type": "boolean",
          "description": "Whether it draws power."
        },
        "fromCustomerId": {
          "type": "string",
          "description": "Customer before."
        },
        "model": {
          "type": "string",
          "description": "Code of the miner model."
        },
        "place": {
          "anyOf": [
            {
              "$ref": "#/$defs/SlotPlace"
            },
            {
              "$ref": "#/$defs/StoragePlace"
            }
          ],
          "description": "Where it is."
        },
        "powerWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "Power at the plug."
        },
        "ratedHashrateGhs": {
          "type": "integer",
          "x-unit": "GH/s",
          "description": "Rated hashrate of one machine."
        },
        "serial": {
          "type": "string",
          "description": "Serial number of the machine, upper case."
        },
        "toCustomerId": {
          "type": "string",
          "description": "Customer after."
        }
      },
      "required": [
        "documentDigest",
        "effectiveOn",
        "energized",
        "fromCustomerId",
        "model",
        "place",
        "powerWatts",
        "ratedHashrateGhs",
        "serial",
        "toCustomerId"
      ],
      "$defs": {
        "SlotPlace": {
          "type": "object",
          "properties": {
            "facility": {
              "type": "string",
              "description": "Code of the facility."
            },
            "kind": {
              "const": "slot",
              "description": "Which kind."
            },
            "rack": {
              "type": "string",
              "description": "Code of the rack within its facility."
            },
            "slot": {
              "type": "number",
              "description": "1 to the rack's slot count."
            }
          },
          "required": [
            "facility",
            "kind",
            "rack",
            "slot"
          ]
        },
        "StoragePlace": {
          "type": "object",
          "properties": {
            "facility": {
              "type": "string",
              "description": "Code of the facility."
            },
            "kind": {
              "const": "storage",
              "description": "Which kind."
            }
          },
          "required": [
            "facility",
            "kind"
          ]
        }
      }
    }
  },
  "MinerRetired": {
    "room": "fleet",
    "category": "miner",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/MinerRetired",
      "title": "MinerRetired",
      "description": "A miner left the fleet for good; its life ends here.",
      "type": "object",
      "properties": {
        "cause": {
          "type": "string",
          "enum": [
            "lost",
            "returned",
            "scrapped",
            "sold"
          ],
          "description": "Why it happened."
        },
        "customerId": {
          "type": "string",
          "description": "Customer."
        },
        "from": {
          "anyOf": [
            {
              "$ref": "#/$defs/StoragePlace"
            },
            {
              "$ref": "#/$defs/TransitPlace"
            },
            {
              "$ref": "#/$defs/VendorPlace"
            }
          ],
          "description": "On the road only if it was lost there."
        },
        "model": {
          "type": "string",
          "description": "Code of the miner model."
        },
        "powerWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "Power at the plug."
        },
        "ratedHashrateGhs": {
          "type": "integer",
          "x-unit": "GH/s",
          "description": "Rated hashrate of one machine."
        },
        "serial": {
          "type": "string",
          "description": "Serial number of the machine, upper case."
        }
      },
      "required": [
        "cause",
        "customerId",
        "from",
        "model",
        "powerWatts",
        "ratedHashrateGhs",
        "serial"
      ],
      "$defs": {
        "StoragePlace": {
          "type": "object",
          "properties": {
            "facility": {
              "type": "string",
              "description": "Code of the facility."
            },
            "kind": {
              "const": "storage",
              "description": "Which kind."
            }
          },
          "required": [
            "facility",
            "kind"
          ]
        },
        "TransitPlace": {
          "description": "On the road between two facilities.",
          "type": "object",
          "properties": {
            "from": {
              "type": "string",
              "description": "Facility it left."
            },
            "kind": {
              "const": "transit",
              "description": "Which kind."
            },
            "relocationId": {
              "type": "string",
              "description": "The plan under which it was sent."
            },
            "to": {
              "type": "string",
              "description": "Facility it goes to."
            }
          },
          "required": [
            "from",
            "kind",
            "to"
          ]
        },
        "VendorPlace": {
          "description": "At a vendor for repair.",
          "type": "object",
          "properties": {
            "facility": {
              "type": "string",
              "description": "It was sent from here."
            },
            "kind": {
              "const": "vendor",
              "description": "Which kind."
            },
            "vendor": {
              "type": "string",
              "description": "Who repairs it."
            }
          },
          "required": [
            "facility",
            "kind",
            "vendor"
          ]
        }
      }
    }
  },
  "RelocationMovesListed": {
    "room": "fleet",
    "category": "relocation",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/RelocationMovesListed",
      "title": "RelocationMovesListed",
      "description": "A part of the moves of a relocation plan was stored, before it is a plan.",
      "type": "object",
      "properties": {
        "chunk": {
          "type": "number",
          "description": "From 0."
        },
        "moves": {
          "type": "array",
          "items": {
            "$ref": "#/$defs/PlannedMove"
          },
          "description": "Moves of the plan."
        },
        "of": {
          "type": "number",
          "description": "Number of parts."
        },
        "relocationId": {
          "type": "string",
          "description": "Relocation plan it belongs to."
        }
      },
      "required": [
        "chunk",
        "moves",
        "of",
        "relocationId"
      ],
      "$defs": {
        "PlannedMove": {
          "description": "Where one machine is to go; `move` numbers the lines of the plan from 1.",
          "type": "object",
          "properties": {
            "facility": {
              "type": "string",
              "description": "Code of the facility."
            },
            "move": {
              "type": "number",
              "description": "Number of the move in its plan, from 1."
            },
            "rack": {
              "type": "string",
              "description": "Code of the rack within its facility."
            },
            "serial": {
              "type": "string",
              "description": "Serial number of the machine, upper case."
            },
            "slot": {
              "type": "number",
              "description": "1 to the rack's slot count."
            }
          },
          "required": [
            "facility",
            "move",
            "rack",
            "serial",
            "slot"
          ]
        }
      }
    }
  },
  "RelocationPlanned": {
    "room": "fleet",
    "category": "relocation",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/RelocationPlanned",
      "title": "RelocationPlanned",
      "description": "A relocation of machines was proposed, with what it was computed from.",
      "type": "object",
      "properties": {
        "cause": {
          "type": "string",
          "description": "Why machines are to move."
        },
        "chunkCount": {
          "type": "number",
          "description": "Number of parts."
        },
        "destinations": {
          "type": "array",
          "items": {
            "type": "object",
            "properties": {
              "facility": {
                "type": "string",
                "description": "Code of the facility."
              },
              "moves": {
                "type": "number",
                "description": "Moves of the plan."
              }
            },
            "required": [
              "facility",
              "moves"
            ]
          },
          "description": "Facilities that machines go to."
        },
        "digest": {
          "type": "string",
          "pattern": "^[0-9a-f]{64}$",
          "x-unit": "SHA-256, hex",
          "description": "SHA-256 (hex) of the upload."
        },
        "economics": {
          "$ref": "#/$defs/RelocationEconomics",
          "description": "What the planner reckoned with."
        },
        "holdHours": {
          "type": "number",
          "description": "How long slots are held for machines that change the facility, counted from the approval."
        },
        "logPosition": {
          "type": "string",
          "description": "Position of the log up to which the planner knew it; a decimal number."
        },
        "moveCount": {
          "type": "number",
          "description": "Number of moves."
        },
        "notes": {
          "type": "string",
          "description": "For people."
        },
        "plannedBy": {
          "type": "string",
          "description": "Subject of the token; another one approves."
        },
        "reference": {
          "type": "string",
          "description": "The planner's name for it."
        },
        "relocationId": {
          "type": "string",
          "description": "Relocation plan it belongs to."
        }
      },
      "required": [
        "cause",
        "chunkCount",
        "destinations",
        "digest",
        "holdHours",
        "logPosition",
        "moveCount",
        "plannedBy",
        "reference",
        "relocationId"
      ],
      "$defs": {
        "RelocationEconomics": {
          "description": "What the planner reckoned with, as given; decimal strings in `currency`.",
          "type": "object",
          "properties": {
            "currency": {
              "type": "string",
              "description": "ISO 4217."
            },
            "monthlyGain": {
              "type": "string",
              "description": "What it is expected to bring a month."
            },
            "movingCost": {
              "type": "string",
              "description": "What carrying the plan out costs, once."
            }
          },
          "required": [
            "currency"
          ]
        }
      }
    }
  },
  "RelocationApproved": {
    "room": "fleet",
    "category": "relocation",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/RelocationApproved",
      "title": "RelocationApproved",
      "description": "Another subject than the planner approved a relocation; it is carried out.",
      "type": "object",
      "properties": {
        "approvedBy": {
          "type": "string",
          "description": "Subject who approved; another than who proposed."
        },
        "heldUntil": {
          "type": "string",
          "format": "date-time",
          "description": "Instant until which slots are held."
        },
        "moveCount": {
          "type": "number",
          "description": "Number of moves."
        },
        "plannedBy": {
          "type": "string",
          "description": "Subject who planned it."
        },
        "relocationId": {
          "type": "string",
          "description": "Relocation plan it belongs to."
        }
      },
      "required": [
        "approvedBy",
        "heldUntil",
        "moveCount",
        "plannedBy",
        "relocationId"
      ]
    }
  },
  "RelocationCancelled": {
    "room": "fleet",
    "category": "relocation",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/RelocationCancelled",
      "title": "RelocationCancelled",
      "description": "A relocation was called off: nothing departs under it any more.",
      "type": "object",
      "properties": {
        "before": {
          "type": "string",
          "enum": [
            "approved",
            "planned"
          ],
          "description": "An approved plan has moves to be ended one by one; one that was only planned has none."
        },
        "cancelledBy": {
          "type": "string",
          "description": "Subject who called it off."
        },
        "cause": {
          "type": "string",
          "description": "Why it happened."
        },
        "relocationId": {
          "type": "string",
          "description": "Relocation plan it belongs to."
        }
      },
      "required": [
        "before",
        "cancelledBy",
        "cause",
        "relocationId"
      ]
    }
  },
  "MovesReserved": {
    "room": "fleet",
    "category": "relocation",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/MovesReserved",
      "title": "MovesReserved",
      "description": "Slots and watts at another facility are held for machines that have not left.",
      "type": "object",
      "properties": {
        "chunk": {
          "type": "number",
          "description": "Number of the part, from 0."
        },
        "heldUntil": {
          "type": "string",
          "format": "date-time",
          "description": "When the slots are free again unless the machine has come."
        },
        "moves": {
          "type": "array",
          "items": {
            "$ref": "#/$defs/ReservedMove"
          },
          "description": "Moves of the plan."
        },
        "relocationId": {
          "type": "string",
          "description": "Relocation plan it belongs to."
        }
      },
      "required": [
        "chunk",
        "heldUntil",
        "moves",
        "relocationId"
      ],
      "$defs": {
        "ReservedMove": {
          "type": "object",
          "properties": {
            "from": {
              "anyOf": [
                {
                  "$ref": "#/$defs/SlotPlace"
                },
                {
                  "$ref": "#/$defs/StoragePlace"
                }
              ],
              "description": "Where the machine stood when its slot was reserved."
            },
            "move": {
              "type": "number",
              "description": "Number of the move in its plan, from 1."
            },
            "reservationId": {
              "type": "string",
              "description": "Of the destination slot."
            }
          },
          "required": [
            "from",
            "move",
            "reservationId"
          ]
        },
        "SlotPlace": {
          "type": "object",
          "properties": {
            "facility": {
              "type": "string",
              "description": "Code of the facility."
            },
            "kind": {
              "const": "slot",
              "description": "Which kind."
            },
            "rack": {
              "type": "string",
              "description": "Code of the rack within its facility."
            },
            "slot": {
              "type": "number",
              "description": "1 to the rack's slot count."
            }
          },
          "required": [
            "facility",
            "kind",
            "rack",
            "slot"
          ]
        },
        "StoragePlace": {
          "type": "object",
          "properties": {
            "facility": {
              "type": "string",
              "description": "Code of the facility."
            },
            "kind": {
              "const": "storage",
              "description": "Which kind."
            }
          },
          "required": [
            "facility",
            "kind"
          ]
        }
      }
    }
  },
  "MovesDeparted": {
    "room": "fleet",
    "category": "relocation",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/MovesDeparted",
      "title": "MovesDeparted",
      "description": "Machines left for the facility where their slots are held.",
      "type": "object",
      "properties": {
        "chunk": {
          "type": "number",
          "description": "Number of the part, from 0."
        },
        "moves": {
          "type": "array",
          "items": {
            "type": "number"
          },
          "description": "Moves of the plan."
        },
        "relocationId": {
          "type": "string",
          "description": "Relocation plan it belongs to."
        }
      },
      "required": [
        "chunk",
        "moves",
        "relocationId"
      ]
    }
  },
  "MovesDiverted": {
    "room": "fleet",
    "category": "relocation",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/MovesDiverted",
      "title": "MovesDiverted",
      "description": "Machines on the road lost their slots and go to storage when they arrive.",
      "type": "object",
      "properties": {
        "cause": {
          "type": "string",
          "description": "Why it happened."
        },
        "chunk": {
          "type": "number",
          "description": "Number of the part, from 0."
        },
        "moves": {
          "type": "array",
          "items": {
            "type": "number"
          },
          "description": "Moves of the plan."
        },
        "relocationId": {
          "type": "string",
          "description": "Relocation plan it belongs to."
        }
      },
      "required": [
        "cause",
        "chunk",
        "moves",
        "relocationId"
      ]
    }
  },
  "MovesCompleted": {
    "room": "fleet",
    "category": "relocation",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/MovesCompleted",
      "title": "MovesCompleted",
      "description": "Machines stand in the slots that the plan gave them.",
      "type": "object",
      "properties": {
        "before": {
          "type": "object",
          "properties": {
            "departed": {
              "type": "number",
              "description": "Number of machines on the way."
            },
            "diverted": {
              "type": "number",
              "description": "Number of machines that go elsewhere."
            },
            "planned": {
              "type": "number",
              "description": "Number of moves not begun."
            },
            "reserved": {
              "type": "number",
              "description": "Number of moves with a slot."
            }
          },
          "required": [
            "departed",
            "diverted",
            "planned",
            "reserved"
          ],
          "description": "In which state they were."
        },
        "chunk": {
          "type": "number",
          "description": "Number of the part, from 0."
        },
        "moves": {
          "type": "array",
          "items": {
            "type": "number"
          },
          "description": "Moves of the plan."
        },
        "relocationId": {
          "type": "string",
          "description": "Relocation plan it belongs to."
        }
      },
      "required": [
        "before",
        "chunk",
        "moves",
        "relocationId"
      ]
    }
  },
  "MovesAborted": {
    "room": "fleet",
    "category": "relocation",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/MovesAborted",
      "title": "MovesAborted",
      "description": "Moves of a plan ended otherwise; each names the rule and where the machine went.",
      "type": "object",
      "properties": {
        "before": {
          "type": "object",
          "properties": {
            "departed": {
              "type": "number",
              "description": "Number of machines on the way."
            },
            "diverted": {
              "type": "number",
              "description": "Number of machines that go elsewhere."
            },
            "planned": {
              "type": "number",
              "description": "Number of moves not begun."
            },
            "reserved": {
              "type": "number",
              "description": "Number of moves with a slot."
            }
          },
          "required": [
            "departed",
            "diverted",
            "planned",
            "reserved"
          ],
          "description": "In which state they were."
        },
        "chunk": {
          "type": "number",
          "description": "Number of the part, from 0."
        },
        "moves": {
          "type": "array",
          "items": {
            "$ref": "#/$defs/AbortedMove"
          },
          "description": "Moves of the plan."
        },
        "relocationId": {
          "type": "string",
          "description": "Relocation plan it belongs to."
        }
      },
      "required": [
        "before",
        "chunk",
        "moves",
        "relocationId"
      ],
      "$defs": {
        "AbortedMove": {
          "type": "object",
          "properties": {
            "code": {
              "type": "string",
              "description": "The rule that ended it."
            },
            "message": {
              "type": "string",
              "description": "The refusal in words."
            },
            "move": {
              "type": "number",
              "description": "Number of the move in its plan, from 1."
            },
            "storedIn": {
              "type": "string",
              "description": "The machine had left and was put into storage at this facility."
            }
          },
          "required": [
            "code",
            "message",
            "move"
          ]
        }
      }
    }
  },
  "RelocationCompleted": {
    "room": "fleet",
    "category": "relocation",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/RelocationCompleted",
      "title": "RelocationCompleted",
      "description": "Every move of a relocation was completed or aborted.",
      "type": "object",
      "properties": {
        "aborted": {
          "type": "number",
          "description": "Number of those given up."
        },
        "completed": {
          "type": "number",
          "description": "Number of those done."
        },
        "relocationId": {
          "type": "string",
          "description": "Relocation plan it belongs to."
        }
      },
      "required": [
        "aborted",
        "completed",
        "relocationId"
      ]
    }
  },
  "OperationLinesRecorded": {
    "room": "operations",
    "category": "operation",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/OperationLinesRecorded",
      "title": "OperationLinesRecorded",
      "description": "A part of the lines of a bulk upload was stored, before the operation began.",
      "type": "object",
      "properties": {
        "chunk": {
          "type": "number",
          "description": "Number of the part, from 0."
        },
        "lines": {
          "type": "array",
          "items": {
            "$ref": "#/$defs/OperationLine"
          },
          "description": "Number of lines."
        },
        "of": {
          "type": "number",
          "description": "Number of parts."
        },
        "operationId": {
          "type": "string",
          "description": "Bulk operation."
        },
        "rejected": {
          "type": "array",
          "items": {
            "$ref": "#/$defs/RefusedLine"
          },
          "description": "Lines of the upload refused for their form; they are never performed."
        }
      },
      "required": [
        "chunk",
        "lines",
        "of",
        "operationId",
        "rejected"
      ],
      "$defs": {
        "OperationLine": {
          "description": "A line as it is stored and performed.",
          "type": "object",
          "properties": {
            "line": {
              "type": "number",
              "description": "Line of the upload, counted as the uploader's file counts."
            },
            "value": {
              "description": "As uploaded."
            }
          },
          "required": [
            "line",
            "value"
          ]
        },
        "RefusedLine": {
          "description": "A line that was refused before it was stored, as it was sent: those from of old were not kept.",
          "type": "object",
          "properties": {
            "code": {
              "type": "string",
              "description": "Code of the rule that refused; see problems.md."
            },
            "fields": {
              "type": "object",
              "additionalProperties": {},
              "description": "By the columns of the upload; without those that were left out."
            },
            "line": {
              "type": "number",
              "description": "Line of the upload, counted as the uploader counts it."
            },
            "message": {
              "type": "string",
              "description": "The refusal in words."
            },
            "others": {
              "description": "What no column is meant for."
            }
          },
          "required": [
            "code",
            "line",
            "message"
          ]
        }
      }
    }
  },
  "OperationStarted": {
    "room": "operations",
    "category": "operation",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/OperationStarted",
      "title": "OperationStarted",
      "description": "All lines of a bulk upload are stored; from here on it will be finished.",
      "type": "object",
      "properties": {
        "cancellable": {
          "type": "boolean",
          "description": "False where half of the lines would be worse than all or none."
        },
        "chunkCount": {
          "type": "number",
          "description": "Number of parts."
        },
        "digest": {
          "type": "string",
          "pattern": "^[0-9a-f]{64}$",
          "x-unit": "SHA-256, hex",
          "description": "SHA-256 (hex) of the body as uploaded."
        },
        "kind": {
          "type": "string",
          "description": "Which kind."
        },
        "lineCount": {
          "type": "number",
          "description": "Number of lines."
        },
        "operationId": {
          "type": "string",
          "description": "Bulk operation."
        },
        "params": {
          "description": "What holds for all lines, as the kind defines it."
        },
        "rejectedAtUpload": {
          "type": "number",
          "description": "Lines refused for their form."
        }
      },
      "required": [
        "chunkCount",
        "digest",
        "kind",
        "lineCount",
        "operationId",
        "params",
        "rejectedAtUpload"
      ]
    }
  },
  "OperationChunkDone": {
    "room": "operations",
    "category": "operation",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/OperationChunkDone",
      "title": "OperationChunkDone",
      "description": "The lines of one chunk were performed; those refused are named with the rule.",
      "type": "object",
      "properties": {
        "chunk": {
          "type": "number",
          "description": "Number of the part, from 0."
        },
        "done": {
          "type": "number",
          "description": "Lines performed."
        },
        "operationId": {
          "type": "string",
          "description": "Bulk operation."
        },
        "rejected": {
          "type": "array",
          "items": {
            "$ref": "#/$defs/LineRejection"
          },
          "description": "Lines refused."
        }
      },
      "required": [
        "chunk",
        "done",
        "operationId",
        "rejected"
      ],
      "$defs": {
        "LineRejection": {
          "type": "object",
          "properties": {
            "code": {
              "type": "string",
              "description": "Code of the rule that refused; see problems.md."
            },
            "line": {
              "type": "number",
              "description": "Line of the upload, counted as the uploader counts it."
            },
            "message": {
              "type": "string",
              "description": "The refusal in words."
            }
          },
          "required": [
            "code",
            "line",
            "message"
          ]
        }
      }
    }
  },
  "OperationCompleted": {
    "room": "operations",
    "category": "operation",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/OperationCompleted",
      "title": "OperationCompleted",
      "description": "Every chunk of a bulk operation was performed.",
      "type": "object",
      "properties": {
        "done": {
          "type": "number",
          "description": "Lines performed."
        },
        "operationId": {
          "type": "string",
          "description": "Bulk operation."
        },
        "rejected": {
          "type": "number",
          "description": "Lines refused."
        }
      },
      "required": [
        "done",
        "operationId",
        "rejected"
      ]
    }
  },
  "OperationBegun": {
    "room": "operations",
    "category": "operation",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/OperationBegun",
      "title": "OperationBegun",
      "description": "The lines of an operation began to be performed.",
      "type": "object",
      "properties": {
        "operationId": {
          "type": "string",
          "description": "Bulk operation."
        }
      },
      "required": [
        "operationId"
      ]
    }
  },
  "OperationCancellationRequested": {
    "room": "operations",
    "category": "operation",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/OperationCancellationRequested",
      "title": "OperationCancellationRequested",
      "description": "Somebody asked that no further chunk of an operation be begun.",
      "type": "object",
      "properties": {
        "operationId": {
          "type": "string",
          "description": "Bulk operation."
        }
      },
      "required": [
        "operationId"
      ]
    }
  },
  "OperationCancelled": {
    "room": "operations",
    "category": "operation",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/OperationCancelled",
      "title": "OperationCancelled",
      "description": "The operation ended early: lines performed stay, the others never will be.",
      "type": "object",
      "properties": {
        "cancelled": {
          "type": "number",
          "description": "Lines that were not performed and never will be."
        },
        "done": {
          "type": "number",
          "description": "Lines performed."
        },
        "operationId": {
          "type": "string",
          "description": "Bulk operation."
        },
        "rejected": {
          "type": "number",
          "description": "Lines refused."
        }
      },
      "required": [
        "cancelled",
        "done",
        "operationId",
        "rejected"
      ]
    }
  },
  "ProjectionRebuildRequested": {
    "room": "projections",
    "category": "projections",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/ProjectionRebuildRequested",
      "title": "ProjectionRebuildRequested",
      "description": "A projection is to be filled anew, beside the tables that serve, which it then replaces",
      "type": "object",
      "properties": {
        "projection": {
          "type": "string",
          "description": "Name of the projection."
        },
        "replaces": {
          "type": "number",
          "description": "The run that was in use; it is kept up to date until it is dropped."
        },
        "run": {
          "type": "number",
          "description": "Number of the filling of the tables; 0 is the first."
        }
      },
      "required": [
        "projection",
        "replaces",
        "run"
      ]
    }
  },
  "ProjectionSwitched": {
    "room": "projections",
    "category": "projections",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/ProjectionSwitched",
      "title": "ProjectionSwitched",
      "description": "Readers were given the other run of a projection",
      "type": "object",
      "properties": {
        "projection": {
          "type": "string",
          "description": "Name of the projection."
        },
        "run": {
          "type": "number",
          "description": "Number of the filling of the tables; 0 is the first."
        }
      },
      "required": [
        "projection",
        "run"
      ]
    }
  },
  "ProjectionRunDropped": {
    "room": "projections",
    "category": "projections",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/ProjectionRunDropped",
      "title": "ProjectionRunDropped",
      "description": "The tables of a run are of no use any more and go",
      "type": "object",
      "properties": {
        "projection": {
          "type": "string",
          "description": "Name of the projection."
        },
        "run": {
          "type": "number",
          "description": "Number of the filling of the tables; 0 is the first."
        }
      },
      "required": [
        "projection",
        "run"
      ]
    }
  },
  "ProjectionResumed": {
    "room": "projections",
    "category": "projections",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/ProjectionResumed",
      "title": "ProjectionResumed",
      "description": "A projection that had stopped at an event is to try it again",
      "type": "object",
      "properties": {
        "projection": {
          "type": "string",
          "description": "Name of the projection."
        }
      },
      "required": [
        "projection"
      ]
    }
  },
  "EventParked": {
    "room": "projections",
    "category": "projections",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/EventParked",
      "title": "EventParked",
      "description": "A projection is not to be given an event that it cannot take, and goes on past it",
      "type": "object",
      "properties": {
        "eventId": {
          "type": "string",
          "description": "Id of the event."
        },
        "eventType": {
          "type": "string",
          "description": "Type of the event."
        },
        "position": {
          "type": "string",
          "description": "In the log, as decimal text."
        },
        "projection": {
          "type": "string",
          "description": "Name of the projection."
        }
      },
      "required": [
        "eventId",
        "eventType",
        "position",
        "projection"
      ]
    }
  },
  "EventUnparked": {
    "room": "projections",
    "category": "projections",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/EventUnparked",
      "title": "EventUnparked",
      "description": "A projection is to be given the event again when it is next rebuilt",
      "type": "object",
      "properties": {
        "eventId": {
          "type": "string",
          "description": "Id of the event."
        },
        "eventType": {
          "type": "string",
          "description": "Type of the event."
        },
        "position": {
          "type": "string",
          "description": "In the log, as decimal text."
        },
        "projection": {
          "type": "string",
          "description": "Name of the projection."
        }
      },
      "required": [
        "eventId",
        "eventType",
        "position",
        "projection"
      ]
    }
  },
  "LogAccepted": {
    "room": "projections",
    "category": "projections",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/LogAccepted",
      "title": "LogAccepted",
      "description": "Another log than the tables were filled from is the truth now; all of them are filled anew",
      "type": "object",
      "properties": {
        "reason": {
          "type": "string",
          "description": "Why, in words."
        }
      },
      "required": [
        "reason"
      ]
    }
  },
  "FacilityOpened": {
    "room": "sites",
    "category": "facility",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/FacilityOpened",
      "title": "FacilityOpened",
      "description": "A site went into operation with its power envelope.",
      "type": "object",
      "properties": {
        "facility": {
          "type": "string",
          "description": "Code of the facility."
        },
        "location": {
          "type": "string",
          "description": "Where it is, for people."
        },
        "name": {
          "type": "string",
          "description": "Name for people."
        },
        "powerEnvelopeWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "Most that the facility can draw."
        },
        "timeZone": {
          "type": "string",
          "description": "IANA name, e.g. `America/Chicago`."
        }
      },
      "required": [
        "facility",
        "name",
        "powerEnvelopeWatts",
        "timeZone"
      ]
    }
  },
  "RackPowerCommitted": {
    "room": "sites",
    "category": "facility",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/RackPowerCommitted",
      "title": "RackPowerCommitted",
      "description": "Racks were given their share of the site's power; they go into service next.",
      "type": "object",
      "properties": {
        "facility": {
          "type": "string",
          "description": "Code of the facility."
        },
        "racks": {
          "type": "array",
          "items": {
            "$ref": "#/$defs/RackPlan"
          },
          "description": "Racks of the facility."
        }
      },
      "required": [
        "facility",
        "racks"
      ],
      "$defs": {
        "RackPlan": {
          "type": "object",
          "properties": {
            "powerLimitWatts": {
              "type": "integer",
              "x-unit": "W",
              "description": "Most that the rack may grant."
            },
            "rack": {
              "type": "string",
              "description": "Code of the rack within its facility."
            },
            "slotCount": {
              "type": "number",
              "description": "Slots of the rack."
            }
          },
          "required": [
            "powerLimitWatts",
            "rack",
            "slotCount"
          ]
        }
      }
    }
  },
  "CapacityCommitted": {
    "room": "sites",
    "category": "facility",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/CapacityCommitted",
      "title": "CapacityCommitted",
      "description": "Units and watts of the site are held for an allocation to a customer.",
      "type": "object",
      "properties": {
        "allocationId": {
          "type": "string",
          "description": "Allocation of capacity to a service order."
        },
        "contractId": {
          "type": "string",
          "description": "Hosting contract."
        },
        "customerId": {
          "type": "string",
          "description": "Customer."
        },
        "effectiveOn": {
          "type": "string",
          "format": "date",
          "description": "First day on which it holds, in the time zone of the contract."
        },
        "facility": {
          "type": "string",
          "description": "Code of the facility."
        },
        "orderId": {
          "type": "string",
          "description": "Service order."
        },
        "powerWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "Power at the plug."
        },
        "units": {
          "type": "number",
          "description": "Number of machines."
        }
      },
      "required": [
        "allocationId",
        "contractId",
        "customerId",
        "effectiveOn",
        "facility",
        "orderId",
        "powerWatts",
        "units"
      ]
    }
  },
  "CapacityReleased": {
    "room": "sites",
    "category": "facility",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/CapacityReleased",
      "title": "CapacityReleased",
      "description": "Capacity held for an allocation is free again: it was not made, or it was reduced.",
      "type": "object",
      "properties": {
        "allocationId": {
          "type": "string",
          "description": "Allocation of capacity to a service order."
        },
        "cause": {
          "type": "string",
          "description": "Why it happened."
        },
        "facility": {
          "type": "string",
          "description": "Code of the facility."
        },
        "powerWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "Power at the plug."
        },
        "reductionId": {
          "type": "string",
          "description": "The reduction of the allocation that freed it; absent where the allocation was not made."
        },
        "units": {
          "type": "number",
          "description": "Number of machines."
        }
      },
      "required": [
        "allocationId",
        "cause",
        "facility",
        "powerWatts",
        "units"
      ]
    }
  },
  "PowerEnvelopeChanged": {
    "room": "sites",
    "category": "facility",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/PowerEnvelopeChanged",
      "title": "PowerEnvelopeChanged",
      "description": "The site can draw another power from here on.",
      "type": "object",
      "properties": {
        "cause": {
          "type": "string",
          "description": "Why it happened."
        },
        "facility": {
          "type": "string",
          "description": "Code of the facility."
        },
        "fromWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "The envelope without any derating, before."
        },
        "powerEnvelopeWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "The envelope without any derating, from now on."
        }
      },
      "required": [
        "cause",
        "facility",
        "fromWatts",
        "powerEnvelopeWatts"
      ]
    }
  },
  "FacilityDerated": {
    "room": "sites",
    "category": "facility",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/FacilityDerated",
      "title": "FacilityDerated",
      "description": "Less can be drawn than the site is rated for until it is restored.",
      "type": "object",
      "properties": {
        "cause": {
          "type": "string",
          "description": "Why it happened."
        },
        "expectedUntil": {
          "type": "string",
          "format": "date-time",
          "description": "When it is expected to be over; it ends by `FacilityRestored` alone."
        },
        "facility": {
          "type": "string",
          "description": "Code of the facility."
        },
        "fromWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "In force before."
        },
        "powerEnvelopeWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "In force from now on. Where more is promised already, nothing is added until it fits."
        },
        "ratedWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "Limit without any derating."
        }
      },
      "required": [
        "cause",
        "facility",
        "fromWatts",
        "powerEnvelopeWatts",
        "ratedWatts"
      ]
    }
  },
  "FacilityRestored": {
    "room": "sites",
    "category": "facility",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/FacilityRestored",
      "title": "FacilityRestored",
      "description": "The site can draw what it is rated for again.",
      "type": "object",
      "properties": {
        "facility": {
          "type": "string",
          "description": "Code of the facility."
        },
        "fromWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "The derated envelope."
        },
        "powerEnvelopeWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "Most that the facility can draw."
        }
      },
      "required": [
        "facility",
        "fromWatts",
        "powerEnvelopeWatts"
      ]
    }
  },
  "PowerRateFixed": {
    "room": "sites",
    "category": "facility",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/PowerRateFixed",
      "title": "PowerRateFixed",
      "description": "Energy costs the site so much from a day on.",
      "type": "object",
      "properties": {
        "currency": {
          "type": "string",
          "description": "ISO 4217."
        },
        "effectiveOn": {
          "type": "string",
          "format": "date",
          "description": "First day on which it holds, in the time zone of the contract."
        },
        "facility": {
          "type": "string",
          "description": "Code of the facility."
        },
        "ratePerKwh": {
          "type": "string",
          "pattern": "^-?\\d+(\\.\\d+)?$",
          "x-unit": "currency per kWh, decimal",
          "description": "For energy."
        }
      },
      "required": [
        "currency",
        "effectiveOn",
        "facility",
        "ratePerKwh"
      ]
    }
  },
  "CurtailmentDeclared": {
    "room": "sites",
    "category": "facility",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/CurtailmentDeclared",
      "title": "CurtailmentDeclared",
      "description": "The site, or racks of it, draw less from an instant on.",
      "type": "object",
      "properties": {
        "cause": {
          "type": "string",
          "enum": [
            "demandResponse",
            "economic",
            "grid",
            "maintenance",
            "other"
          ],
          "description": "Why it happened."
        },
        "curtailmentId": {
          "type": "string",
          "description": "Curtailment."
        },
        "expectedEndAt": {
          "type": "string",
          "format": "date-time",
          "description": "Announced; it ends by `CurtailmentEnded` alone."
        },
        "facility": {
          "type": "string",
          "description": "Code of the facility."
        },
        "scope": {
          "anyOf": [
            {
              "type": "object",
              "properties": {
                "kind": {
                  "const": "facility",
                  "description": "Which kind."
                }
              },
              "required": [
                "kind"
              ]
            },
            {
              "type": "object",
              "properties": {
                "kind": {
                  "const": "racks",
                  "description": "Which kind."
                },
                "racks": {
                  "type": "array",
                  "items": {
                    "type": "string"
                  },
                  "description": "Racks of the facility."
                }
              },
              "required": [
                "kind",
                "racks"
              ]
            }
          ],
          "description": "The whole site, or racks by their codes."
        },
        "sheddingWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "How much less is to be drawn."
        },
        "startsAt": {
          "type": "string",
          "format": "date-time",
          "description": "From when on."
        }
      },
      "required": [
        "cause",
        "curtailmentId",
        "facility",
        "scope",
        "startsAt"
      ]
    }
  },
  "CurtailmentEnded": {
    "room": "sites",
    "category": "facility",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/CurtailmentEnded",
      "title": "CurtailmentEnded",
      "description": "A curtailment was over.",
      "type": "object",
      "properties": {
        "curtailmentId": {
          "type": "string",
          "description": "Curtailment."
        },
        "endedAt": {
          "type": "string",
          "format": "date-time",
          "description": "When it was over."
        },
        "energyAvoidedWh": {
          "type": "number",
          "description": "Not drawn because of it, in whole Wh."
        },
        "facility": {
          "type": "string",
          "description": "Code of the facility."
        }
      },
      "required": [
        "curtailmentId",
        "endedAt",
        "facility"
      ]
    }
  },
  "CurtailmentCancelled": {
    "room": "sites",
    "category": "facility",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/CurtailmentCancelled",
      "title": "CurtailmentCancelled",
      "description": "A curtailment was called off before it began.",
      "type": "object",
      "properties": {
        "cancelledAt": {
          "type": "string",
          "format": "date-time",
          "description": "Before it would have begun."
        },
        "cause": {
          "type": "string",
          "description": "Why it happened."
        },
        "curtailmentId": {
          "type": "string",
          "description": "Curtailment."
        },
        "facility": {
          "type": "string",
          "description": "Code of the facility."
        }
      },
      "required": [
        "cancelledAt",
        "cause",
        "curtailmentId",
        "facility"
      ]
    }
  },
  "FacilityAcquired": {
    "room": "sites",
    "category": "facility",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/FacilityAcquired",
      "title": "FacilityAcquired",
      "description": "The site was taken over from somebody else.",
      "type": "object",
      "properties": {
        "acquiredOn": {
          "type": "string",
          "format": "date",
          "description": "Day on which the site was taken over."
        },
        "documentDigest": {
          "type": "string",
          "pattern": "^[0-9a-f]{64}$",
          "x-unit": "SHA-256, hex",
          "description": "SHA-256 (hex) of the deed."
        },
        "facility": {
          "type": "string",
          "description": "Code of the facility."
        },
        "from": {
          "type": "string",
          "description": "Who gave the site away."
        }
      },
      "required": [
        "acquiredOn",
        "documentDigest",
        "facility",
        "from"
      ]
    }
  },
  "DisposalBegan": {
    "room": "sites",
    "category": "facility",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/DisposalBegan",
      "title": "DisposalBegan",
      "description": "Nothing comes to the site any more, while it is looked whether it is empty.",
      "type": "object",
      "properties": {
        "disposalId": {
          "type": "string",
          "description": "Disposal of the facility."
        },
        "disposedOn": {
          "type": "string",
          "format": "date",
          "description": "Day on which the site is given away."
        },
        "documentDigest": {
          "type": "string",
          "pattern": "^[0-9a-f]{64}$",
          "x-unit": "SHA-256, hex",
          "description": "SHA-256 (hex) of the deed."
        },
        "facility": {
          "type": "string",
          "description": "Code of the facility."
        },
        "to": {
          "type": "string",
          "description": "Who takes the site over."
        }
      },
      "required": [
        "disposalId",
        "disposedOn",
        "documentDigest",
        "facility",
        "to"
      ]
    }
  },
  "FacilityDisposed": {
    "room": "sites",
    "category": "facility",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/FacilityDisposed",
      "title": "FacilityDisposed",
      "description": "The site was empty and was given away.",
      "type": "object",
      "properties": {
        "disposalId": {
          "type": "string",
          "description": "Disposal of the facility."
        },
        "disposedOn": {
          "type": "string",
          "format": "date",
          "description": "Day on which the site is given away."
        },
        "documentDigest": {
          "type": "string",
          "pattern": "^[0-9a-f]{64}$",
          "x-unit": "SHA-256, hex",
          "description": "SHA-256 (hex) of the deed."
        },
        "facility": {
          "type": "string",
          "description": "Code of the facility."
        },
        "to": {
          "type": "string",
          "description": "Who takes the site over."
        }
      },
      "required": [
        "disposalId",
        "disposedOn",
        "documentDigest",
        "facility",
        "to"
      ]
    }
  },
  "DisposalAbandoned": {
    "room": "sites",
    "category": "facility",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/DisposalAbandoned",
      "title": "DisposalAbandoned",
      "description": "The site was not empty and is operated as before.",
      "type": "object",
      "properties": {
        "disposalId": {
          "type": "string",
          "description": "Disposal of the facility."
        },
        "facility": {
          "type": "string",
          "description": "Code of the facility."
        },
        "machines": {
          "type": "number",
          "description": "Machines that were there or on their way, where that was the reason."
        },
        "reason": {
          "type": "string",
          "description": "What was in the way, in words."
        }
      },
      "required": [
        "disposalId",
        "facility",
        "reason"
      ]
    }
  },
  "RackCommissioned": {
    "room": "sites",
    "category": "rack",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/RackCommissioned",
      "title": "RackCommissioned",
      "description": "A rack went into service with its slots and its power limit.",
      "type": "object",
      "properties": {
        "facility": {
          "type": "string",
          "description": "Code of the facility."
        },
        "powerLimitWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "Most that the rack may grant."
        },
        "rack": {
          "type": "string",
          "description": "Code of the rack within its facility."
        },
        "slotCount": {
          "type": "number",
          "description": "Slots of the rack."
        }
      },
      "required": [
        "facility",
        "powerLimitWatts",
        "rack",
        "slotCount"
      ]
    }
  },
  "SlotReserved": {
    "room": "sites",
    "category": "rack",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/SlotReserved",
      "title": "SlotReserved",
      "description": "A slot and its watts are held for one miner until the move is made or given up.",
      "type": "object",
      "properties": {
        "expiresAt": {
          "type": "string",
          "format": "date-time",
          "description": "When it ends of itself."
        },
        "facility": {
          "type": "string",
          "description": "Code of the facility."
        },
        "powerWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "Watts the miner takes from the rack's limit."
        },
        "rack": {
          "type": "string",
          "description": "Code of the rack within its facility."
        },
        "relocationId": {
          "type": "string",
          "description": "Of the plan under which the slot is held for the miner."
        },
        "reservationId": {
          "type": "string",
          "description": "The reservation under which the miner comes or came here."
        },
        "serial": {
          "type": "string",
          "description": "Serial number of the machine, upper case."
        },
        "slot": {
          "type": "number",
          "description": "1..slotCount."
        }
      },
      "required": [
        "expiresAt",
        "facility",
        "powerWatts",
        "rack",
        "reservationId",
        "serial",
        "slot"
      ]
    }
  },
  "SlotOccupied": {
    "room": "sites",
    "category": "rack",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/SlotOccupied",
      "title": "SlotOccupied",
      "description": "The miner a slot was reserved for stands in it; the reservation is used up.",
      "type": "object",
      "properties": {
        "facility": {
          "type": "string",
          "description": "Code of the facility."
        },
        "powerWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "Watts the miner takes from the rack's limit."
        },
        "rack": {
          "type": "string",
          "description": "Code of the rack within its facility."
        },
        "relocationId": {
          "type": "string",
          "description": "Of the plan under which the slot is held for the miner."
        },
        "reservationId": {
          "type": "string",
          "description": "The reservation under which the miner comes or came here."
        },
        "serial": {
          "type": "string",
          "description": "Serial number of the machine, upper case."
        },
        "slot": {
          "type": "number",
          "description": "1..slotCount."
        }
      },
      "required": [
        "facility",
        "powerWatts",
        "rack",
        "reservationId",
        "serial",
        "slot"
      ]
    }
  },
  "ReservationReleased": {
    "room": "sites",
    "category": "rack",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/ReservationReleased",
      "title": "ReservationReleased",
      "description": "A reservation ended without a move because the move was refused.",
      "type": "object",
      "properties": {
        "cause": {
          "type": "string",
          "description": "Why it happened."
        },
        "facility": {
          "type": "string",
          "description": "Code of the facility."
        },
        "powerWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "Watts the miner takes from the rack's limit."
        },
        "rack": {
          "type": "string",
          "description": "Code of the rack within its facility."
        },
        "relocationId": {
          "type": "string",
          "description": "Of the plan under which the slot is held for the miner."
        },
        "reservationId": {
          "type": "string",
          "description": "The reservation under which the miner comes or came here."
        },
        "serial": {
          "type": "string",
          "description": "Serial number of the machine, upper case."
        },
        "slot": {
          "type": "number",
          "description": "1..slotCount."
        }
      },
      "required": [
        "cause",
        "facility",
        "powerWatts",
        "rack",
        "reservationId",
        "serial",
        "slot"
      ]
    }
  },
  "ReservationExpired": {
    "room": "sites",
    "category": "rack",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/ReservationExpired",
      "title": "ReservationExpired",
      "description": "A reservation ended without a move because its time ran out.",
      "type": "object",
      "properties": {
        "cause": {
          "type": "string",
          "description": "Why it happened."
        },
        "facility": {
          "type": "string",
          "description": "Code of the facility."
        },
        "powerWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "Watts the miner takes from the rack's limit."
        },
        "rack": {
          "type": "string",
          "description": "Code of the rack within its facility."
        },
        "relocationId": {
          "type": "string",
          "description": "Of the plan under which the slot is held for the miner."
        },
        "reservationId": {
          "type": "string",
          "description": "The reservation under which the miner comes or came here."
        },
        "serial": {
          "type": "string",
          "description": "Serial number of the machine, upper case."
        },
        "slot": {
          "type": "number",
          "description": "1..slotCount."
        }
      },
      "required": [
        "cause",
        "facility",
        "powerWatts",
        "rack",
        "reservationId",
        "serial",
        "slot"
      ]
    }
  },
  "SlotVacated": {
    "room": "sites",
    "category": "rack",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/SlotVacated",
      "title": "SlotVacated",
      "description": "The miner left its slot; slot and watts are free again.",
      "type": "object",
      "properties": {
        "facility": {
          "type": "string",
          "description": "Code of the facility."
        },
        "movedBy": {
          "type": "string",
          "description": "Reservation of the move that took the machine away."
        },
        "powerWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "Watts the miner takes from the rack's limit."
        },
        "rack": {
          "type": "string",
          "description": "Code of the rack within its facility."
        },
        "relocationId": {
          "type": "string",
          "description": "Of the plan under which the slot is held for the miner."
        },
        "reservationId": {
          "type": "string",
          "description": "The reservation under which the miner comes or came here."
        },
        "serial": {
          "type": "string",
          "description": "Serial number of the machine, upper case."
        },
        "slot": {
          "type": "number",
          "description": "1..slotCount."
        }
      },
      "required": [
        "facility",
        "movedBy",
        "powerWatts",
        "rack",
        "reservationId",
        "serial",
        "slot"
      ]
    }
  },
  "SlotPowerChanged": {
    "room": "sites",
    "category": "rack",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/SlotPowerChanged",
      "title": "SlotPowerChanged",
      "description": "The rack granted the miner in a slot other watts: another power profile or model.",
      "type": "object",
      "properties": {
        "changeId": {
          "type": "string",
          "description": "Of this change; the miner names it as well."
        },
        "facility": {
          "type": "string",
          "description": "Code of the facility."
        },
        "fromWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "Power at the plug before."
        },
        "hashrateGhs": {
          "type": "integer",
          "x-unit": "GH/s",
          "description": "Rated under that profile."
        },
        "model": {
          "type": "string",
          "description": "The one that the miner turned out to be, where that is why it takes other watts."
        },
        "powerWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "Watts the miner takes from the rack's limit."
        },
        "profile": {
          "type": "string",
          "description": "As the firmware names it, e.g. `eco`."
        },
        "rack": {
          "type": "string",
          "description": "Code of the rack within its facility."
        },
        "relocationId": {
          "type": "string",
          "description": "Of the plan under which the slot is held for the miner."
        },
        "reservationId": {
          "type": "string",
          "description": "The reservation under which the miner comes or came here."
        },
        "serial": {
          "type": "string",
          "description": "Serial number of the machine, upper case."
        },
        "slot": {
          "type": "number",
          "description": "1..slotCount."
        }
      },
      "required": [
        "changeId",
        "facility",
        "fromWatts",
        "hashrateGhs",
        "powerWatts",
        "profile",
        "rack",
        "reservationId",
        "serial",
        "slot"
      ]
    }
  },
  "RackDerated": {
    "room": "sites",
    "category": "rack",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/RackDerated",
      "title": "RackDerated",
      "description": "Less than the rack is rated for may be drawn from it until it is restored.",
      "type": "object",
      "properties": {
        "cause": {
          "type": "string",
          "description": "Why it happened."
        },
        "expectedUntil": {
          "type": "string",
          "format": "date-time",
          "description": "When it is expected to be over; it ends by `RackRestored` alone."
        },
        "facility": {
          "type": "string",
          "description": "Code of the facility."
        },
        "fromWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "In force before."
        },
        "powerLimitWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "In force from now on. Where more is in use already, nothing is added until it fits."
        },
        "rack": {
          "type": "string",
          "description": "Code of the rack within its facility."
        },
        "ratedWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "Limit without any derating."
        }
      },
      "required": [
        "cause",
        "facility",
        "fromWatts",
        "powerLimitWatts",
        "rack",
        "ratedWatts"
      ]
    }
  },
  "RackClosed": {
    "room": "sites",
    "category": "rack",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/RackClosed",
      "title": "RackClosed",
      "description": "The rack is empty and takes nothing any more, since its site is disposed of.",
      "type": "object",
      "properties": {
        "disposalId": {
          "type": "string",
          "description": "Disposal of the facility."
        },
        "facility": {
          "type": "string",
          "description": "Code of the facility."
        },
        "rack": {
          "type": "string",
          "description": "Code of the rack within its facility."
        }
      },
      "required": [
        "disposalId",
        "facility",
        "rack"
      ]
    }
  },
  "RackReopened": {
    "room": "sites",
    "category": "rack",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/RackReopened",
      "title": "RackReopened",
      "description": "The rack may be used again, since its site was not disposed of.",
      "type": "object",
      "properties": {
        "disposalId": {
          "type": "string",
          "description": "Disposal of the facility."
        },
        "facility": {
          "type": "string",
          "description": "Code of the facility."
        },
        "rack": {
          "type": "string",
          "description": "Code of the rack within its facility."
        }
      },
      "required": [
        "disposalId",
        "facility",
        "rack"
      ]
    }
  },
  "RackRestored": {
    "room": "sites",
    "category": "rack",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/RackRestored",
      "title": "RackRestored",
      "description": "The rack may be drawn from up to its rated limit again.",
      "type": "object",
      "properties": {
        "facility": {
          "type": "string",
          "description": "Code of the facility."
        },
        "fromWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "Power at the plug before."
        },
        "powerLimitWatts": {
          "type": "integer",
          "x-unit": "W",
          "description": "Most that the rack may grant."
        },
        "rack": {
          "type": "string",
          "description": "Code of the rack within its facility."
        }
      },
      "required": [
        "facility",
        "fromWatts",
        "powerLimitWatts",
        "rack"
      ]
    }
  },
  "WebhookSubscribed": {
    "room": "webhooks",
    "category": "webhook",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/WebhookSubscribed",
      "title": "WebhookSubscribed",
      "description": "An address asked to be sent events from a position of the log on.",
      "type": "object",
      "properties": {
        "after": {
          "type": "string",
          "description": "Events after this log position are delivered."
        },
        "description": {
          "type": "string",
          "description": "For people."
        },
        "filter": {
          "$ref": "#/$defs/WebhookFilter",
          "description": "Which events are wanted; all where nothing is said."
        },
        "keyId": {
          "type": "string",
          "description": "Tells master keys apart, without saying anything about them."
        },
        "url": {
          "type": "string",
          "description": "Where events are sent, as the WHATWG URL parser writes it."
        },
        "webhookId": {
          "type": "string",
          "description": "Webhook subscription."
        }
      },
      "required": [
        "after",
        "description",
        "filter",
        "keyId",
        "url",
        "webhookId"
      ],
      "$defs": {
        "WebhookFilter": {
          "description": "Which events a subscription wants; what is left out does not restrict.",
          "type": "object",
          "properties": {
            "categories": {
              "type": "array",
              "items": {
                "type": "string"
              },
              "description": "Only streams of these categories."
            },
            "contractId": {
              "type": "string",
              "description": "Hosting contract."
            },
            "customerId": {
              "type": "string",
              "description": "Customer."
            },
            "types": {
              "type": "array",
              "items": {
                "type": "string"
              },
              "description": "Only events of these types."
            }
          }
        }
      }
    }
  },
  "WebhookChanged": {
    "room": "webhooks",
    "category": "webhook",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/WebhookChanged",
      "title": "WebhookChanged",
      "description": "A subscription has another address, filter or description.",
      "type": "object",
      "properties": {
        "description": {
          "type": "string",
          "description": "For people."
        },
        "filter": {
          "$ref": "#/$defs/WebhookFilter",
          "description": "Which events are wanted; all where nothing is said."
        },
        "url": {
          "type": "string",
          "description": "Where events are sent, as the WHATWG URL parser writes it."
        },
        "webhookId": {
          "type": "string",
          "description": "Webhook subscription."
        }
      },
      "required": [
        "description",
        "filter",
        "url",
        "webhookId"
      ],
      "$defs": {
        "WebhookFilter": {
          "description": "Which events a subscription wants; what is left out does not restrict.",
          "type": "object",
          "properties": {
            "categories": {
              "type": "array",
              "items": {
                "type": "string"
              },
              "description": "Only streams of these categories."
            },
            "contractId": {
              "type": "string",
              "description": "Hosting contract."
            },
            "customerId": {
              "type": "string",
              "description": "Customer."
            },
            "types": {
              "type": "array",
              "items": {
                "type": "string"
              },
              "description": "Only events of these types."
            }
          }
        }
      }
    }
  },
  "WebhookPaused": {
    "room": "webhooks",
    "category": "webhook",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/WebhookPaused",
      "title": "WebhookPaused",
      "description": "Nothing more is sent until the subscription is resumed; nothing is lost.",
      "type": "object",
      "properties": {
        "by": {
          "type": "string",
          "enum": [
            "operator",
            "system"
          ],
          "description": "By somebody, or by the dispatcher itself."
        },
        "cause": {
          "type": "string",
          "enum": [
            "deadLetters",
            "failing",
            "gone",
            "request"
          ],
          "description": "Why it happened."
        },
        "detail": {
          "type": "string",
          "description": "In words."
        },
        "webhookId": {
          "type": "string",
          "description": "Webhook subscription."
        }
      },
      "required": [
        "by",
        "cause",
        "detail",
        "webhookId"
      ]
    }
  },
  "WebhookResumed": {
    "room": "webhooks",
    "category": "webhook",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/WebhookResumed",
      "title": "WebhookResumed",
      "description": "A paused subscription goes on where it stood.",
      "type": "object",
      "properties": {
        "webhookId": {
          "type": "string",
          "description": "Webhook subscription."
        }
      },
      "required": [
        "webhookId"
      ]
    }
  },
  "WebhookSecretRotated": {
    "room": "webhooks",
    "category": "webhook",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/WebhookSecretRotated",
      "title": "WebhookSecretRotated",
      "description": "A subscription has a new secret; the one before is valid for a while.",
      "type": "object",
      "properties": {
        "keyId": {
          "type": "string",
          "description": "Which master key, saying nothing of it."
        },
        "previousUntil": {
          "type": "string",
          "format": "date-time",
          "description": "Until then deliveries are signed with the secret before as well."
        },
        "secretVersion": {
          "type": "number",
          "description": "Number of the secret, from 1."
        },
        "webhookId": {
          "type": "string",
          "description": "Webhook subscription."
        }
      },
      "required": [
        "keyId",
        "previousUntil",
        "secretVersion",
        "webhookId"
      ]
    }
  },
  "WebhookDeadLettered": {
    "room": "webhooks",
    "category": "webhook",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/WebhookDeadLettered",
      "title": "WebhookDeadLettered",
      "description": "An event was given up after the last attempt to deliver it.",
      "type": "object",
      "properties": {
        "attempts": {
          "type": "number",
          "description": "Number of tries."
        },
        "cause": {
          "type": "string",
          "description": "Why it happened."
        },
        "eventId": {
          "type": "string",
          "description": "Id of the event."
        },
        "eventType": {
          "type": "string",
          "description": "Type of the event."
        },
        "lastStatus": {
          "anyOf": [
            {
              "type": "null"
            },
            {
              "type": "number"
            }
          ],
          "description": "HTTP status of the last answer; null where there was none."
        },
        "position": {
          "type": "string",
          "description": "Position in the log."
        },
        "revision": {
          "type": "string",
          "description": "In its stream, from 0."
        },
        "stream": {
          "type": "string",
          "description": "Stream that the event is in."
        },
        "webhookId": {
          "type": "string",
          "description": "Webhook subscription."
        }
      },
      "required": [
        "attempts",
        "cause",
        "eventId",
        "eventType",
        "lastStatus",
        "position",
        "revision",
        "stream",
        "webhookId"
      ]
    }
  },
  "WebhookReplayRequested": {
    "room": "webhooks",
    "category": "webhook",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/WebhookReplayRequested",
      "title": "WebhookReplayRequested",
      "description": "Somebody asked that dead letters be delivered after all.",
      "type": "object",
      "properties": {
        "positions": {
          "type": "array",
          "items": {
            "type": "string"
          },
          "description": "Positions in the log."
        },
        "webhookId": {
          "type": "string",
          "description": "Webhook subscription."
        }
      },
      "required": [
        "positions",
        "webhookId"
      ]
    }
  },
  "WebhookDeadLetterDelivered": {
    "room": "webhooks",
    "category": "webhook",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/WebhookDeadLetterDelivered",
      "title": "WebhookDeadLetterDelivered",
      "description": "A dead letter was accepted by its receiver.",
      "type": "object",
      "properties": {
        "position": {
          "type": "string",
          "description": "Position in the log."
        },
        "webhookId": {
          "type": "string",
          "description": "Webhook subscription."
        }
      },
      "required": [
        "position",
        "webhookId"
      ]
    }
  },
  "WebhookDeadLetterDiscarded": {
    "room": "webhooks",
    "category": "webhook",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/WebhookDeadLetterDiscarded",
      "title": "WebhookDeadLetterDiscarded",
      "description": "A dead letter was put away undelivered.",
      "type": "object",
      "properties": {
        "position": {
          "type": "string",
          "description": "Position in the log."
        },
        "webhookId": {
          "type": "string",
          "description": "Webhook subscription."
        }
      },
      "required": [
        "position",
        "webhookId"
      ]
    }
  },
  "WebhookProgressed": {
    "room": "webhooks",
    "category": "webhook",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/WebhookProgressed",
      "title": "WebhookProgressed",
      "description": "All events up to a position are delivered, dead letters or not wanted.",
      "type": "object",
      "properties": {
        "position": {
          "type": "string",
          "description": "Position in the log."
        },
        "webhookId": {
          "type": "string",
          "description": "Webhook subscription."
        }
      },
      "required": [
        "position",
        "webhookId"
      ]
    }
  },
  "WebhookDeleted": {
    "room": "webhooks",
    "category": "webhook",
    "schema": {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "/v1/schemas/WebhookDeleted",
      "title": "WebhookDeleted",
      "description": "A subscription ended with all that was left undelivered.",
      "type": "object",
      "properties": {
        "deadLetters": {
          "type": "array",
          "items": {
            "type": "string"
          },
          "description": "Positions of the dead letters that go with it."
        },
        "webhookId": {
          "type": "string",
          "description": "Webhook subscription."
        }
      },
      "required": [
        "deadLetters",
        "webhookId"
      ]
    }
  }
};
