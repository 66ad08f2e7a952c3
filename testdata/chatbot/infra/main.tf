# Where the chatbot runs, once per environment.
variable "environment" {
  type = string
}

variable "image" {
  type = string
}

resource "google_cloud_run_service" "chatbot" {
  name     = "chatbot-${var.environment}"
  location = "europe-west1"
  template {
    spec {
      containers {
        image = var.image
        env {
          name  = "BOT_ENV"
          value = var.environment
        }
      }
    }
  }
}

resource "google_monitoring_uptime_check_config" "health" {
  display_name = "chatbot-${var.environment} /health"
  timeout      = "5s"
  http_check {
    path = "/health"
  }
}
